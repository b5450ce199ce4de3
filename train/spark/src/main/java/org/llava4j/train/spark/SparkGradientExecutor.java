package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.train.StepGradients;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.run.ClusterStageCheck;
import org.llava4j.train.run.GradientExecutor;
import org.llava4j.train.run.GradientWorker;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.stage.Stage;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradient executor on Apache Spark, for stages with few trainable weights. */
public final class SparkGradientExecutor implements GradientExecutor {
    private final JavaSparkContext spark;

    /** @param spark context whose executors compute gradients; the caller closes it */
    public SparkGradientExecutor(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void requireSupported(Stage stage, RunOptions options, MemoryPlan plan) {
        ClusterStageCheck.requireSupported(stage, options, plan);
    }

    @Override
    public String description() {
        return "executors of a cluster";
    }

    @Override
    public StepGradients open(
            Stage stage, RunPaths paths, RunOptions options, GradientWorker worker, TrainingListener listener) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        worker.model()
                .trainableNames()
                .forEach(name -> weights.put(name, worker.model().weight(name)));
        return new SparkGradients(
                spark,
                GradientWorkerSettings.of(stage, paths, options, worker),
                weights,
                worker::imageHashes,
                listener);
    }
}
