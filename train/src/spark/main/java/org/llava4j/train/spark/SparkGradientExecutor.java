package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.stage.ClusterStageCheck;
import org.llava4j.train.stage.GradientExecutor;
import org.llava4j.train.stage.GradientWorker;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StepGradients;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The executors of a cluster as the place where gradients are computed, for stages whose gradients are few. */
public final class SparkGradientExecutor implements GradientExecutor {
    private final JavaSparkContext spark;

    /** @param spark whose executors compute; it stays the caller's */
    public SparkGradientExecutor(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void requireSupported(Stage stage, MemoryPlan plan) {
        ClusterStageCheck.requireSupported(stage, plan);
    }

    @Override
    public String description() {
        return "executors of a cluster";
    }

    @Override
    public StepGradients open(
            Stage stage, RunPaths paths, RunOptions options, GradientWorker learner, TrainingListener listener) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        learner.model()
                .trainableNames()
                .forEach(name -> weights.put(name, learner.model().weight(name)));
        return new SparkGradients(spark, GradientWorkerSettings.of(stage, paths, options), weights, listener);
    }
}
