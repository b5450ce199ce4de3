package org.llava4j.train.logging;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/** Listener (callback) of a training run. */
public interface TrainingListener {
    /** A listener that does nothing. */
    TrainingListener NONE = progress -> {};

    /** Combines listeners, which are called in order; the run stops if one of them requests it. */
    static TrainingListener all(TrainingListener... listeners) {
        return new CompositeTrainingListener(List.of(listeners));
    }

    /**
     * Called before any weight is read.
     *
     * @param plan estimated memory of the run
     * @param machine available memory
     */
    default void memoryPlanned(MemoryPlan plan, MachineMemory machine) {}

    /** Called before the first step, after everything is loaded and a checkpoint is restored. */
    default void trainingStarted(RunStart start) {}

    /**
     * Called before each optimizer step.
     *
     * @param epoch pass over the data, counted from 0
     * @param step counted from 1
     */
    default void stepStarted(int epoch, int step) {}

    /** Called after each accepted optimizer step. */
    void stepDone(Progress progress);

    /** Called with other messages of one line, for instance the checkpoint that a run resumes from. */
    default void notice(String line) {}

    /**
     * Called after a rejected step, which changed no weight.
     *
     * @param step counted from 1
     * @param reason why its loss or gradient was rejected
     * @param samples file and line of each of its samples
     */
    default void stepRejected(int step, String reason, List<String> samples) {}

    /** Called after an evaluation on the validation set. */
    default void validated(int step, ValidationResult result) {}

    /** Called after a checkpoint is written. */
    default void checkpointSaved(Path checkpoint) {}

    /** Called after each step; true stops the run, after a checkpoint if it has a checkpoint folder. */
    default boolean shouldStop() {
        return false;
    }

    /** Called after the last step or a failure. */
    default void trainingEnded() {}

    /** Called with the result of the run, after all output is written, for every run that started training. */
    default void runEnded(RunResult result) {}
}
