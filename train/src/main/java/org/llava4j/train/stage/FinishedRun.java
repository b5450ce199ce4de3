package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        List<Double> weights = new ArrayList<>();
        run.path("sources").findValues("weight").stream()
                .filter(JsonNode::isNumber)
                .forEach(weight -> weights.add(weight.doubleValue()));
        boolean sameWeights = weights.equals(paths.weights());
        boolean sameData = run.path("data").asText().equals(StageData.sha256(paths));
        boolean sameProjector =
                paths.projector() == null || run.path("projector").asText().startsWith(paths.projector() + ":");
        if (!before.equals(stage) || !sameWeights || !sameData || !sameProjector) {
            String other = !before.equals(stage)
                    ? "with other values, see its stage.json"
                    : sameWeights ? "of other data" : "with the weights " + weights + " of its data";
            throw new BadInputException(paths.output() + " holds the output of another run (" + other
                    + "); choose another output folder, or remove that one");
        }
        return true;
    }
}
