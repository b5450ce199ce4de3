package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Runs with {@code groupByModalityLength}. */
class ModalityGroupedRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ACCUMULATION = 2;
    private static final int STEPS = 7;
    private static final String GROUPED = "groupByModalityLength=true";

    @TempDir
    private Path temp;

    private GoldenRun runs;

    /** Seven samples have an image, nine are text-only. */
    @BeforeEach
    void createModelAndData() throws IOException {
        JsonNode samples = JSON.readTree(Golden.path("f_e2e/finetune.json").toFile());
        ArrayNode all = JSON.createArrayNode();
        for (JsonNode sample : samples) {
            ObjectNode textOnly = sample.deepCopy();
            textOnly.remove("image");
            textOnly.get("conversations")
                    .forEach(turn -> ((ObjectNode) turn)
                            .put(
                                    "value",
                                    turn.get("value")
                                            .textValue()
                                            .replace("<image>", "")
                                            .strip()));
            all.add(sample).add(textOnly);
        }
        Path data = Files.writeString(temp.resolve("data.json"), all.toString());
        runs = new GoldenRun(ModelFolders.llama(temp.resolve("model")), data, temp);
    }

    @Test
    void everyStepButTheLastOfAnEpochHasOneModality() {
        RunPaths paths = runs.paths("unused");
        try (StageData opened =
                StageRunner.openData(stage(GROUPED), paths, RunOptions.DEFAULT, TrainingListener.NONE)) {
            LlavaBatchIterator batches = opened.batches();
            for (int epoch = 0; epoch < 3; epoch++) {
                List<Boolean> steps = new ArrayList<>();
                for (int step = 0; step < 3; step++) {
                    List<Boolean> images = new ArrayList<>();
                    for (int pass = 0; pass < ACCUMULATION; pass++) {
                        BatchPlan plan = batches.nextPlan();
                        plan.rows()
                                .forEach(row ->
                                        images.add(batches.samples().get(row).hasImages()));
                    }
                    assertThat(images).hasSize(4).containsOnly(images.get(0));
                    steps.add(images.get(0));
                }
                // A step of samples with images and two of text-only samples; the other four are the rest.
                assertThat(steps).containsExactlyInAnyOrder(true, false, false);
                batches.reset();
            }
        }
    }

    @Test
    void runResumedInTheMiddleOfAnEpochIsIdentical() throws IOException {
        Stage stage = stage(GROUPED);
        runs.run(
                stage,
                "whole",
                new CheckpointPolicy(temp.resolve("unused"), 0, 1, ResumeMode.NEVER),
                TrainingListener.NONE);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 2, ResumeMode.AUTO);
        for (int stop : List.of(2, 3, 6)) {
            assertThat(runs.run(stage, "out", policy, new StopAfter(stop)).stopped())
                    .isNotNull();
        }
        assertThatThrownBy(() -> runs.run(stage(), "out", policy, TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"groupByModalityLength\" was true");
        runs.run(stage, "out", policy, TrainingListener.NONE);
        assertThat(Files.mismatch(temp.resolve("whole/model.safetensors"), temp.resolve("out/model.safetensors")))
                .isEqualTo(-1);
    }

    /** Runs that versions without the key began can be resumed. */
    @Test
    void identityHasNoKeyWithoutGrouping() {
        RunPaths paths = runs.paths("unused");
        Map<String, String> plain = RunIdentity.of(stage(), paths, RunOptions.DEFAULT, notice -> {})
                .values()
                .values();
        assertThat(plain).containsKey("bucketingWindowBatches").doesNotContainKey("groupByModalityLength");
        assertThat(RunIdentity.of(stage(GROUPED), paths, RunOptions.DEFAULT, notice -> {})
                        .values()
                        .values())
                .containsEntry("groupByModalityLength", "true");
    }

    private static Stage stage(String... settings) {
        List<String> all = new ArrayList<>(ShortStage.settings(ACCUMULATION, STEPS, "learningRate=1e-3"));
        all.addAll(List.of(settings));
        return Stages.with(Stages.named(Stages.FINETUNE), all);
    }
}
