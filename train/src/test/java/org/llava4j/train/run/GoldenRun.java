package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stage;

/**
 * Runs on one file of conversations, with the tower and the images of the golden files.
 *
 * @param folder folder of the outputs
 */
record GoldenRun(Path model, Path data, Path folder) {

    RunPaths paths(String output) {
        return RunPaths.of(model, data, null, folder.resolve(output))
                .withVisionTower(ModelFolders.TOWER)
                .withSources(List.of(new DataSource(data, ModelFolders.IMAGES)));
    }

    RunReport run(Stage stage, String output, CheckpointPolicy policy, TrainingListener listener) {
        return StageRunner.run(stage, paths(output), RunOptions.DEFAULT.withCheckpointPolicy(policy), listener);
    }
}
