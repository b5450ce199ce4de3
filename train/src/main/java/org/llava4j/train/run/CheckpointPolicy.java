package org.llava4j.train.run;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoint policy of a run.
 *
 * @param folder folder of its checkpoints and its log; null for none
 * @param saveSteps optimizer steps between checkpoints; 0 for checkpoints only when the run is stopped and, with {@code
 *     loadBestModelAtEnd}, after evaluations
 * @param saveTotalLimit number of the last checkpoints to keep
 * @param resume what to do with existing checkpoints
 * @param from checkpoint that a new run starts from ({@link ResumeMode#FROM}); null otherwise
 */
public record CheckpointPolicy(
        @Nullable Path folder,
        int saveSteps,
        int saveTotalLimit,
        ResumeMode resume,
        @Nullable Path from) {
    /** No checkpoints: an interrupted run starts over. */
    public static final CheckpointPolicy NONE = new CheckpointPolicy(null, 0, 1, ResumeMode.NEVER);

    /** A policy without a checkpoint to start from. */
    public CheckpointPolicy(@Nullable Path folder, int everySteps, int keep, ResumeMode resume) {
        this(folder, everySteps, keep, resume, null);
    }

    /** What to do with existing checkpoints. */
    public enum ResumeMode {
        /** Resume from the newest one, if any. */
        AUTO,
        /** Start a new run from a given one; the run may differ from the one that wrote it. */
        FROM,
        /** Remove them and start over. */
        NEVER,
        /** Fail if there are any: the user must choose. */
        ASK
    }

    /** The same policy for a new run that starts from a checkpoint. */
    public CheckpointPolicy from(Path checkpoint) {
        return new CheckpointPolicy(folder, saveSteps, saveTotalLimit, ResumeMode.FROM, checkpoint);
    }
}
