package org.llava4j.train.stage;

import org.llava4j.train.plan.Machine;
import org.llava4j.train.plan.MemoryPlan;

/** Who follows a run. */
public interface RunListener {
    /** Nobody. */
    RunListener NONE = progress -> {};

    /** Before any weight is read: what the run takes, and what there is. */
    default void planned(MemoryPlan plan, Machine machine) {}

    /** After each optimiser step. */
    void step(Progress progress);

    /** After the last step, or the failure. */
    default void end() {}
}
