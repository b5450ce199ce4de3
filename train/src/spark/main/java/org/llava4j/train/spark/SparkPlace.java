package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.stage.ClusterStages;
import org.llava4j.train.stage.GradientPlace;
import org.llava4j.train.stage.Learner;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StepGradients;
import org.llava4j.train.watch.RunListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The executors of a cluster as the place where gradients are computed, for stages whose gradients are few. */
public final class SparkPlace implements GradientPlace {
    private final JavaSparkContext spark;

    /** @param spark whose executors compute; it stays the caller's */
    public SparkPlace(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void require(Stage stage, MemoryPlan plan) {
        ClusterStages.require(stage, plan);
    }

    @Override
    public String description() {
        return "executors of a cluster";
    }

    @Override
    public StepGradients open(Stage stage, RunPaths paths, RunOptions options, Learner learner, RunListener listener) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        learner.model()
                .trainableNames()
                .forEach(name -> weights.put(name, learner.model().weight(name)));
        return new SparkGradients(spark, LearnerSettings.of(stage, paths, options), weights, listener);
    }
}
