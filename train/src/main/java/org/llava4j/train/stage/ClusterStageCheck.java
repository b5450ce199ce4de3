package org.llava4j.train.stage;

import java.util.Locale;
import org.llava4j.data.BadInputException;
import org.llava4j.model.ImageStartEndEmbeddings;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.plan.MemoryPlan;

/** Which stages may learn on a cluster: those whose gradients are few. */
public final class ClusterStageCheck {
    /** What Spark moves in one piece. */
    private static final long MAX_BYTES = Integer.MAX_VALUE;

    private static final double GBIT = 10;

    private ClusterStageCheck() {}

    /** @throws BadInputException for a stage of the whole decoder, or of more weights than can be moved, with the bytes */
    public static void requireSupported(Stage stage, MemoryPlan plan) {
        long bytes = plan.trainableParameters() * Float.BYTES;
        boolean decoder = stage.lora() == null
                && plan.weightNames().stream()
                        .filter(stage::isTrainable)
                        .anyMatch(name -> !name.startsWith(Checkpoint.PROJECTOR_PREFIX)
                                && !name.equals(ImageStartEndEmbeddings.NAME));
        if (decoder || bytes > MAX_BYTES) {
            throw new BadInputException(String.format(
                    Locale.ROOT,
                    "the stage %s learns %,d weights: in each step every executor would receive %s of weights and send"
                            + " %s of gradients, %.1f s for each of them at %.0f Gbit/s (stage 1 of 7B moves 16 MB);"
                            + " %s",
                    stage.name(),
                    plan.trainableParameters(),
                    MemoryPlan.formatBytes(bytes),
                    MemoryPlan.formatBytes(bytes),
                    2 * bytes * 8 / (GBIT * 1e9),
                    GBIT,
                    decoder
                            ? "learn LoRA on the cluster (recipe finetune-lora), or the decoder on one machine"
                                    + " (the goals finetune and finetune-scienceqa)"
                            : "a smaller \"rank\" makes it fit, 2.0 GB is the most that moves in one piece"));
        }
    }
}
