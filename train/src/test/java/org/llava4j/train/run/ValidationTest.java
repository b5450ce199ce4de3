package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

class ValidationTest {
    @TempDir
    private Path temp;

    private Path model;
    private final Map<Integer, ValidationResult> results = new TreeMap<>();
    private final List<String> notices = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();

    private final TrainingListener listener = new TrainingListener() {
        @Override
        public void stepDone(Progress progress) {
            losses.add(progress.step().loss());
        }

        @Override
        public void validated(int step, ValidationResult result) {
            results.put(step, result);
        }

        @Override
        public void notice(String line) {
            notices.add(line);
        }
    };

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
    }

    /** On the training batch itself the validation loss equals the loss of the next step, before its update. */
    @Test
    void validationLossEqualsTrainingLossOnSameBatch() throws IOException {
        Path data = Golden.path("f_e2e/pretrain.json");
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                Map.of("perDeviceTrainBatchSize", 8, "gradientAccumulationSteps", 1, "maxSteps", 5));
        run(stage, data, temp.resolve("plain"), RunOptions.DEFAULT);
        losses.clear();
        ValidationOptions same = new ValidationOptions(data, ModelFolders.IMAGES, null, 2, 100, false);
        run(stage, data, temp.resolve("looked"), RunOptions.DEFAULT.withValidation(same));
        assertThat(results.keySet()).containsExactly(2, 4, 5);
        assertThat(results.get(2).loss()).isCloseTo(losses.get(2), within(1e-5));
        assertThat(results.get(4).loss()).isCloseTo(losses.get(4), within(1e-5));
        assertThat(results.get(2).accuracy()).isNull();
        assertThat(Files.mismatch(temp.resolve("plain/model.safetensors"), temp.resolve("looked/model.safetensors")))
                .isEqualTo(-1);
        assertThat(Files.readAllLines(temp.resolve("looked/metrics.jsonl")))
                .hasSize(8)
                .filteredOn(line -> line.contains("validation_loss"))
                .hasSize(3);
    }

    @Test
    void bestCheckpointIsKeptAndLoaded() throws IOException {
        Path all = Golden.path("f_e2e/pretrain.json");
        // Trained on two samples only, the model overfits: the validation loss rises after a while.
        ArrayNode two = ((ArrayNode) new ObjectMapper().readTree(all.toFile())).removeAll();
        JsonNode samples = new ObjectMapper().readTree(all.toFile());
        two.add(samples.get(0)).add(samples.get(1));
        Path data = Files.writeString(temp.resolve("two.json"), two.toString());
        Stage stage = Stages.with(
                Stages.named(Stages.FINETUNE),
                Map.of(
                        "freshProjector",
                        true,
                        "convMode",
                        "plain",
                        "perDeviceTrainBatchSize",
                        2,
                        "gradientAccumulationSteps",
                        1,
                        "maxSteps",
                        12,
                        "learningRate",
                        3e-2,
                        "warmupRatio",
                        0.0));
        ValidationOptions same = new ValidationOptions(all, ModelFolders.IMAGES, null, 1, 100, true);
        Path checkpoints = temp.resolve("checkpoints");
        run(
                stage,
                data,
                temp.resolve("out"),
                RunOptions.DEFAULT
                        .withCheckpointPolicy(new CheckpointPolicy(checkpoints, 0, 1, ResumeMode.NEVER))
                        .withValidation(same));
        int best = results.entrySet().stream()
                .min(Map.Entry.comparingByValue((a, b) -> Double.compare(a.loss(), b.loss())))
                .orElseThrow()
                .getKey();
        assertThat(best).as("the learning rate is too small for this test").isLessThan(11);
        Path kept = checkpoints.resolve(String.format("checkpoint-%08d", best));
        assertThat(kept).as("besides the last one, which the limit keeps").isDirectory();
        assertThat(notices).anyMatch(line -> line.contains(kept.getFileName().toString()));
        double lowest = results.get(best).loss();
        results.clear();
        model = temp.resolve("out");
        Stage still = Stages.with(stage, Map.of("learningRate", 1e-6, "maxSteps", 1));
        run(
                still,
                data,
                temp.resolve("more"),
                RunOptions.DEFAULT.withValidation(
                        new ValidationOptions(all, ModelFolders.IMAGES, null, 1, 100, false)));
        assertThat(results.get(1).loss()).isCloseTo(lowest, within(1e-3));
    }

    @Test
    void saveStepsOfZeroWriteNoCheckpointsAtEvaluations() {
        Path data = Golden.path("f_e2e/pretrain.json");
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                Map.of("perDeviceTrainBatchSize", 8, "gradientAccumulationSteps", 1, "maxSteps", 4));
        ValidationOptions same = new ValidationOptions(data, ModelFolders.IMAGES, null, 1, 8, false);
        RunOptions options = RunOptions.DEFAULT.withValidation(same);
        Path checkpoints = temp.resolve("checkpoints");
        run(
                stage,
                data,
                temp.resolve("out"),
                options.withCheckpointPolicy(new CheckpointPolicy(checkpoints, 0, 9, ResumeMode.NEVER)));
        assertThat(results).hasSize(4);
        assertThat(checkpoints).as("no checkpoint was written").doesNotExist();
        run(
                stage,
                data,
                temp.resolve("out"),
                options.withCheckpointPolicy(new CheckpointPolicy(checkpoints, 3, 9, ResumeMode.NEVER)));
        assertThat(checkpoints.toFile().list((folder, name) -> name.startsWith("checkpoint-")))
                .hasSize(3);
    }

    @Test
    void invalidValidationOptionsAreRejected() throws IOException {
        Path data = Golden.path("f_e2e/pretrain.json");
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                Map.of("perDeviceTrainBatchSize", 8, "gradientAccumulationSteps", 1, "maxSteps", 2));
        ValidationOptions best = new ValidationOptions(data, ModelFolders.IMAGES, null, 2, 100, true);
        assertThatThrownBy(() -> run(stage, data, temp.resolve("out"), RunOptions.DEFAULT.withValidation(best)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the run has no checkpoint folder");
        Path mute = Files.writeString(
                temp.resolve("mute.json"),
                "[{\"id\": \"1\", \"conversations\": [{\"from\": \"human\", \"value\": \"a\"},"
                        + " {\"from\": \"gpt\", \"value\": \"\"}]}]");
        ValidationOptions empty = new ValidationOptions(mute, ModelFolders.IMAGES, null, 2, 100, false);
        assertThatThrownBy(() -> run(stage, data, temp.resolve("out"), RunOptions.DEFAULT.withValidation(empty)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(mute + ": no validation sample has target tokens");
        assertThat(temp.resolve("out")).doesNotExist();
    }

    @Test
    void skippedValidationSamplesAreReportedOnce() throws IOException {
        Path data = Golden.path("f_e2e/pretrain.json");
        ArrayNode samples = (ArrayNode) new ObjectMapper().readTree(data.toFile());
        for (int number : new int[] {6, 2}) {
            ((ObjectNode) samples.get(number)).put("id", "s" + number).remove("conversations");
        }
        Path heldOut = Files.writeString(temp.resolve("held-out.json"), samples.toString());
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                Map.of("perDeviceTrainBatchSize", 4, "gradientAccumulationSteps", 1, "maxSteps", 2));
        ValidationOptions some = new ValidationOptions(heldOut, ModelFolders.IMAGES, null, 1, 100, false);
        run(stage, data, temp.resolve("out"), RunOptions.DEFAULT.withValidation(some));
        assertThat(results).hasSize(2);
        assertThat(notices)
                .filteredOn(line -> line.contains("validation set"))
                .singleElement()
                .asString()
                .contains("skipped 2 samples of the validation set; the first: " + heldOut + ", entry 2 (id s2): ");
    }

    @Test
    void scienceQaValidationReportsAccuracy() {
        Path world = temp.resolve("world");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 1, 0, false), world);
        Stage stage = Stages.with(
                Stages.named(Stages.FINETUNE_SCIENCEQA),
                Map.of(
                        "perDeviceTrainBatchSize",
                        4,
                        "gradientAccumulationSteps",
                        1,
                        "maxSteps",
                        2,
                        "modelMaxLength",
                        300,
                        "freshProjector",
                        true,
                        "promptFormat",
                        "A"));
        ValidationOptions test = new ValidationOptions(world, null, "test", 2, 3, false);
        run(stage, world, temp.resolve("out"), RunOptions.DEFAULT.withValidation(test));
        assertThat(results.get(2).accuracy()).isBetween(0.0, 1.0);
        assertThat(results.get(2).loss()).isPositive();
    }

    private void run(Stage stage, Path data, Path output, RunOptions options) {
        Path images = Files.isDirectory(data) ? null : ModelFolders.IMAGES;
        StageRunner.run(
                stage, RunPaths.of(model, data, images, output).withVisionTower(ModelFolders.TOWER), options, listener);
    }
}
