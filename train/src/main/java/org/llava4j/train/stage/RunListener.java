package org.llava4j.train.stage;

/** Who follows a run. */
public interface RunListener {
    /** Nobody. */
    RunListener NONE = progress -> {};

    /** After each optimiser step. */
    void step(Progress progress);

    /** After the last step, or the failure. */
    default void end() {}
}
