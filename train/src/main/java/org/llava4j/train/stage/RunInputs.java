package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;

/** What a run reads, checked against what it writes. */
final class RunInputs {
    private RunInputs() {}

    /**
     * The inputs of a run, none of which its output or another place that it writes overwrites.
     *
     * @throws BadInputException if the output, the checkpoints or the feature cache would overwrite an input or each other
     */
    static InputPaths of(Stage stage, RunPaths paths, RunOptions options) {
        InputPaths inputs = read(stage, paths);
        if (options.validation().isPresent()) {
            ValidationOptions heldOut = options.validation().get();
            inputs = inputs.and(heldOut.data()).andWithoutLinks(heldOut.images());
        }
        inputs.requireNoOverlap(paths.output());
        Path checkpoints = options.checkpointPolicy().folder();
        InputPaths.requireOutside("the checkpoint folder", checkpoints, paths.output());
        InputPaths.requireOutside("the feature cache", paths.featureCache(), paths.output());
        inputs.requireNoOverlap(checkpoints);
        return paths.featureCache() == null ? inputs : inputs.andWithoutLinks(paths.featureCache());
    }

    /** The same for runs one after the other; the projector that a run hands on is no input of the whole. */
    static void require(Map<RunPaths, Stage> runs) {
        runs.forEach((read, stage) -> {
            InputPaths inputs = read(stage, read.withProjector(null));
            runs.keySet().forEach(written -> inputs.requireNoOverlap(written.output()));
        });
    }

    private static InputPaths read(Stage stage, RunPaths paths) {
        InputPaths inputs = InputPaths.of(
                        paths.model(), StageRunner.visionTower(paths.model(), paths.visionTower()), paths.projector())
                .andIfJsonFile(stage.convMode());
        for (DataSource source : paths.sources()) {
            inputs = inputs.and(source.data()).andWithoutLinks(source.images());
        }
        return inputs;
    }
}
