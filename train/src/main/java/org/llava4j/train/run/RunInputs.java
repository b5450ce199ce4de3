package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.stage.Stage;

/** Inputs of a run, checked for overlap with what the run writes. */
final class RunInputs {
    private RunInputs() {}

    /**
     * The inputs of a run.
     *
     * @throws BadInputException if output, checkpoints or feature cache would overwrite an input or each other
     */
    static InputPaths of(Stage stage, RunPaths paths, RunOptions options) {
        InputPaths inputs = read(stage, paths);
        ValidationOptions validation = options.validation();
        if (validation != null) {
            inputs = inputs.and(validation.data()).andWithoutLinks(validation.images());
        }
        inputs.requireNoOverlap(paths.output());
        Path checkpoints = options.checkpointPolicy().folder();
        InputPaths.requireOutside("the checkpoint folder", checkpoints, paths.output());
        InputPaths.requireOutside("the feature cache", paths.featureCache(), paths.output());
        inputs.requireNoOverlap(checkpoints);
        return paths.featureCache() == null ? inputs : inputs.andWithoutLinks(paths.featureCache());
    }

    /** Checks consecutive runs; the projector that one run passes to the next is not an input. */
    static void require(Map<RunPaths, Stage> runs) {
        runs.forEach((read, stage) -> {
            InputPaths inputs = read(stage, read.withProjector(null));
            runs.keySet().forEach(written -> inputs.requireNoOverlap(written.output()));
        });
    }

    private static InputPaths read(Stage stage, RunPaths paths) {
        InputPaths inputs = InputPaths.of(paths.model(), paths.towerFolder(), paths.projector(), paths.adapter())
                .andIfJsonFile(stage.data().convMode());
        for (DataSource source : paths.sources()) {
            inputs = inputs.and(source.data()).andWithoutLinks(source.images());
        }
        return inputs;
    }
}
