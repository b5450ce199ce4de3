package org.llava4j.train.run;

import org.llava4j.train.StepGradients;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.stage.Stage;

/** Executor of gradient computation: this machine, or a cluster. */
@FunctionalInterface
public interface GradientExecutor {
    /** Computes gradients on this machine, with the graph that is trained. */
    GradientExecutor LOCAL = (stage, paths, options, worker, listener) -> worker;

    /**
     * Checks a run before any weight is read.
     *
     * @throws org.llava4j.data.BadInputException if this executor cannot train the stage, or not with these options
     */
    default void requireSupported(Stage stage, RunOptions options, MemoryPlan plan) {}

    /** Description for the environment that a run records. */
    default String description() {
        return "this machine";
    }

    /**
     * Prepares gradient computation for a run.
     *
     * @param worker owns the graph whose weights the run changes; they are loaded and the trainable ones selected
     * @param listener is notified of executor changes and retries
     */
    StepGradients open(
            Stage stage, RunPaths paths, RunOptions options, GradientWorker worker, TrainingListener listener);
}
