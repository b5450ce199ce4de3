package org.llava4j.train.watch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Who follows a run. */
public interface RunListener {
    /** Nobody. */
    RunListener NONE = progress -> {};

    /** Several, each told in turn; one that wants the run to stop is enough. */
    static RunListener all(RunListener... listeners) {
        return new RunListeners(List.of(listeners));
    }

    /** Before any weight is read: what the run takes, and what there is. */
    default void planned(MemoryPlan plan, MachineMemory machine) {}

    /** All is loaded, and where the run was interrupted put back: the steps begin. */
    default void begun(RunStart start) {}

    /**
     * Before each optimiser step.
     *
     * @param epoch which pass over the data, counted from 0
     * @param step counted from 1
     */
    default void stepBegins(int epoch, int step) {}

    /** After each optimiser step. */
    void step(Progress progress);

    /** What else is worth knowing, in a line: where the run goes on from, for instance. */
    default void notice(String line) {}

    /**
     * After a step that changed nothing because its loss or gradient was not a number or its loss exploded.
     *
     * @param samples file and line of each of its samples
     */
    default void badStep(int step, String reason, List<String> samples) {}

    /** After a look at held-out data. */
    default void validated(int step, Look look) {}

    /** After a checkpoint is written. */
    default void saved(Path checkpoint) {}

    /** Asked after each step: whether the run shall stop there. It then writes a checkpoint, where it has a folder. */
    default boolean stops() {
        return false;
    }

    /** After the last step, or the failure. */
    default void end() {}

    /** How the run ended, when all is written; for every run that has {@link #begun}. */
    default void result(RunResult result) {}
}
