package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/** Whether a stage's output is there already. */
final class FinishedRun {
    private FinishedRun() {}

    /**
     * Whether the output folder holds what this stage makes of this data and these inputs.
     *
     * @throws BadInputException if it holds the output of another run, which must not be lost
     */
    static boolean isOf(Stage stage, RunPaths paths) {
        Path summary = paths.output().resolve(RunReport.FILE);
        if (!Files.isRegularFile(summary)) {
            return false;
        }
        Stage before = Stages.load(paths.output().resolve(StageOutput.STAGE_FILE));
        JsonNode run = JsonInput.readObject(summary);
        boolean sameData = run.path("data").asText().equals(StageData.sha256(paths));
        boolean sameProjector =
                paths.projector() == null || run.path("projector").asText().startsWith(paths.projector() + ":");
        if (!before.equals(stage) || !sameData || !sameProjector) {
            throw new BadInputException(paths.output() + " holds the output of another run ("
                    + (before.equals(stage) ? "of other data" : "with other values, see its stage.json")
                    + "); choose another output folder, or remove that one");
        }
        return true;
    }
}
