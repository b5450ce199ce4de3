package org.llava4j.train.stage;

import java.nio.file.Path;

/**
 * How a run keeps what an interruption must not cost.
 *
 * @param folder of its checkpoints and its live log; null for none
 * @param everySteps optimiser steps between two checkpoints; 0 for none, except when it is stopped, and
 *     for those of the evaluations where the weights with the lowest validation loss are to be kept
 * @param keep so many of the last stay
 * @param resume what becomes of checkpoints that are there
 */
public record Saving(Path folder, int everySteps, int keep, Resume resume) {
    /** Nothing is kept: a run that is interrupted begins anew. */
    public static final Saving NONE = new Saving(null, 0, 1, Resume.NEVER);

    /** What becomes of checkpoints that are there already. */
    public enum Resume {
        /** The newest is gone on from, if there is one. */
        AUTO,
        /** They are removed, and the run begins anew. */
        NEVER,
        /** They are an error: whoever starts the run must say which of the two. */
        ASK
    }
}
