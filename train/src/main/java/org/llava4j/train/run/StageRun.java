package org.llava4j.train.run;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stage;

/**
 * One of several runs in their order, of which later ones use the projector of the first.
 *
 * @param stage the stage
 * @param paths its inputs and output
 * @param options options of the run
 */
public record StageRun(Stage stage, RunPaths paths, RunOptions options) {

    /**
     * Checks all runs and existing outputs before the first run starts.
     *
     * @param notices receives a line before slow work
     * @throws org.llava4j.data.BadInputException if a run cannot start, would overwrite an input, or has the output of
     *     another run in its output folder
     */
    public static void requireAll(List<StageRun> runs, Consumer<String> notices) {
        RunInputs.require(runs.stream().collect(Collectors.toMap(StageRun::paths, StageRun::stage)));
        for (StageRun run : runs) {
            StageRunner.check(run.stage, run.paths.withProjector(null), run.options);
        }
        for (StageRun run : runs) {
            if (FinishedRun.isIn(run.paths.output())) {
                RunIdentity now = RunIdentity.of(run.stage, run.paths.withProjector(null), run.options, notices);
                FinishedRun.read(run.paths.output())
                        .requireSameRun(now.values(), RunIdentity::isIndependentOfProjector);
            }
        }
    }

    /**
     * Whether the output already exists, complete and from the same inputs and values.
     *
     * @param notices receives a line before slow work
     * @throws org.llava4j.data.BadInputException if the output folder holds another or a changed output
     */
    public boolean isFinished(Consumer<String> notices) {
        if (!FinishedRun.isIn(paths.output())) {
            return false;
        }
        FinishedRun finished = FinishedRun.read(paths.output());
        finished.requireSameRun(RunIdentity.of(stage, paths, options, notices).values(), name -> true);
        finished.requireIntact();
        return true;
    }

    /** Runs the stage. */
    public RunReport run(TrainingListener listener) {
        return StageRunner.run(stage, paths, options, listener);
    }
}
