package org.llava4j.train.stage;

import java.nio.file.Path;

/**
 * How a run keeps what an interruption must not cost.
 *
 * @param folder of its checkpoints and its live log; null for none
 * @param saveSteps optimiser steps between two checkpoints; 0 for none, except when it is stopped, and
 *     for those of the evaluations where the weights with the lowest validation loss are to be kept
 * @param saveTotalLimit so many of the last stay
 * @param resume what becomes of checkpoints that are there
 * @param from the checkpoint that a new run starts from ({@link ResumeMode#FROM}); else null
 */
public record CheckpointPolicy(Path folder, int saveSteps, int saveTotalLimit, ResumeMode resume, Path from) {
    /** Nothing is kept: a run that is interrupted begins anew. */
    public static final CheckpointPolicy NONE = new CheckpointPolicy(null, 0, 1, ResumeMode.NEVER);

    /** A run that starts from no named checkpoint. */
    public CheckpointPolicy(Path folder, int everySteps, int keep, ResumeMode resume) {
        this(folder, everySteps, keep, resume, null);
    }

    /** What becomes of checkpoints that are there already. */
    public enum ResumeMode {
        /** The newest is gone on from, if there is one. */
        AUTO,
        /** A named one is where a new run starts, which may differ from the run that wrote it. */
        FROM,
        /** They are removed, and the run begins anew. */
        NEVER,
        /** They are an error: whoever starts the run must say which of the two. */
        ASK
    }

    /** The same for a new run that starts from a checkpoint. */
    public CheckpointPolicy from(Path checkpoint) {
        return new CheckpointPolicy(folder, saveSteps, saveTotalLimit, ResumeMode.FROM, checkpoint);
    }
}
