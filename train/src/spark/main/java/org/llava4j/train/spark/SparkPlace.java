package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.BadInputException;
import org.llava4j.model.SlotRows;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.plan.MemoryPlan;
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
    /** What Spark moves in one piece. */
    private static final long MOST_BYTES = Integer.MAX_VALUE;

    private static final double GBIT = 10;

    private final JavaSparkContext spark;

    /** @param spark whose executors compute; it stays the caller's */
    public SparkPlace(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void require(Stage stage, MemoryPlan plan) {
        long bytes = plan.trainable() * Float.BYTES;
        boolean decoder = stage.lora() == null
                && plan.weightNames().stream()
                        .filter(stage::learns)
                        .anyMatch(name -> !name.startsWith(Checkpoint.PROJECTOR_PREFIX) && !name.equals(SlotRows.NAME));
        if (decoder || bytes > MOST_BYTES) {
            throw new BadInputException(String.format(
                    Locale.ROOT,
                    "the stage %s learns %,d weights: in each step every executor would receive %s of weights and send"
                            + " %s of gradients, %.1f s for each of them at %.0f Gbit/s (stage 1 of 7B moves 16 MB);"
                            + " %s",
                    stage.name(),
                    plan.trainable(),
                    MemoryPlan.size(bytes),
                    MemoryPlan.size(bytes),
                    2 * bytes * 8 / (GBIT * 1e9),
                    GBIT,
                    decoder
                            ? "learn LoRA on the cluster (recipe finetune-lora), or the decoder on one machine"
                                    + " (the goals finetune and finetune-scienceqa)"
                            : "a smaller \"rank\" makes it fit, 2.0 GB is the most that moves in one piece"));
        }
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
