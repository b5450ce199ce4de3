package org.llava4j.train.logging;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Who follows a run. */
public interface TrainingListener {
    /** Nobody. */
    TrainingListener NONE = progress -> {};

    /** Several, each told in turn; one that wants the run to stop is enough. */
    static TrainingListener all(TrainingListener... listeners) {
        return new CompositeTrainingListener(List.of(listeners));
    }

    /** Before any weight is read: what the run takes, and what there is. */
    default void memoryPlanned(MemoryPlan plan, MachineMemory machine) {}

    /** All is loaded, and where the run was interrupted put back: the steps begin. */
    default void trainingStarted(RunStart start) {}

    /**
     * Before each optimiser step.
     *
     * @param epoch which pass over the data, counted from 0
     * @param step counted from 1
     */
    default void stepStarted(int epoch, int step) {}

    /** After each optimiser step. */
    void stepDone(Progress progress);

    /** What else is worth knowing, in a line: where the run goes on from, for instance. */
    default void notice(String line) {}

    /**
     * After a step that changed nothing because its loss or gradient was not a number or its loss exploded.
     *
     * @param samples file and line of each of its samples
     */
    default void stepRejected(int step, String reason, List<String> samples) {}

    /** After a look at held-out data. */
    default void validated(int step, ValidationResult look) {}

    /** After a checkpoint is written. */
    default void checkpointSaved(Path checkpoint) {}

    /** Asked after each step: whether the run shall stop there. It then writes a checkpoint, where it has a folder. */
    default boolean shouldStop() {
        return false;
    }

    /** After the last step, or the failure. */
    default void trainingEnded() {}

    /** How the run ended, when all is written; for every run that has {@link #trainingStarted}. */
    default void runEnded(RunResult result) {}
}
