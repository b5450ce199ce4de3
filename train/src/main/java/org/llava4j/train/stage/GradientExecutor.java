package org.llava4j.train.stage;

import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MemoryPlan;

/** Where the gradients of a run are computed. */
@FunctionalInterface
public interface GradientExecutor {
    /** On this machine, with the graph that learns. */
    GradientExecutor LOCAL = (stage, paths, options, learner, listener) -> learner;

    /** @throws org.llava4j.data.BadInputException if a stage cannot learn there; asked before any weight is read */
    default void requireSupported(Stage stage, MemoryPlan plan) {}

    /** What is recorded of the place in a run's environment. */
    default String description() {
        return "this machine";
    }

    /**
     * @param learner the graph whose weights the run changes; it has them before the first step, trainable ones thawed
     * @param listener is told what happens elsewhere
     */
    StepGradients open(
            Stage stage, RunPaths paths, RunOptions options, GradientWorker learner, TrainingListener listener);
}
