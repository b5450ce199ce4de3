package org.llava4j.train.run;

import java.util.Locale;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.stage.Stage;

/**
 * Check of whether a stage can be trained on a Spark cluster, which must transfer all trainable weights in each step.
 */
public final class ClusterStageCheck {
    /** Largest object that Spark broadcasts. */
    private static final long MAX_BYTES = Integer.MAX_VALUE;

    private static final double GBIT = 10;

    private ClusterStageCheck() {}

    /**
     * Checks a run.
     *
     * @throws BadInputException if it has a preprocessor, or as in {@link #requireSupported(Stage, MemoryPlan)}
     */
    public static void requireSupported(Stage stage, RunOptions options, MemoryPlan plan) {
        if (options.preProcessor() != null) {
            throw new BadInputException("the executors of a cluster load the images of a batch and cannot run a"
                    + " preprocessor of the caller; train on one machine, or without RunOptions.withPreProcessor");
        }
        requireSupported(stage, plan);
    }

    /**
     * Checks a stage.
     *
     * @throws BadInputException if it trains the decoder, or more weights than can be transferred; the message has the
     *     bytes
     */
    public static void requireSupported(Stage stage, MemoryPlan plan) {
        long bytes = plan.trainableParameters() * Float.BYTES;
        boolean decoder = stage.model().lora() == null
                && plan.weightNames().stream()
                        .filter(stage.model()::isTrainable)
                        .anyMatch(name -> !name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                                && !name.equals(ImageStartEndEmbeddings.NAME));
        if (decoder || bytes > MAX_BYTES) {
            throw new BadInputException(String.format(
                    Locale.ROOT,
                    "the stage %s trains %,d parameters: in each step every executor would receive %s of weights and send"
                            + " %s of gradients, %.1f s per executor at %.0f Gbit/s (stage 1 of 7B transfers 16 MB);"
                            + " %s",
                    stage.name(),
                    plan.trainableParameters(),
                    MemoryPlan.formatBytes(bytes),
                    MemoryPlan.formatBytes(bytes),
                    2 * bytes * 8 / (GBIT * 1e9),
                    GBIT,
                    decoder
                            ? "train LoRA on the cluster (--stage finetune-lora), or the decoder on one machine"
                                    + " (the commands finetune and finetune-scienceqa)"
                            : "use a smaller LoRA \"rank\": the limit is 2.0 GB"));
        }
    }
}
