package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileChangedException;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Invalid samples and rejected steps: skipped, counted and logged up to a limit, then the run fails. */
class InvalidSamplesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private Path images;
    private ArrayNode samples;
    private final List<String> messages = new ArrayList<>();

    private final TrainingListener listener = new TrainingListener() {
        @Override
        public void stepDone(Progress progress) {
            // Only notices matter.
        }

        @Override
        public void notice(String line) {
            messages.add(line);
        }

        @Override
        public void stepRejected(int step, String reason, List<String> places) {
            messages.add(step + ": " + reason + " " + places);
        }
    };

    @BeforeEach
    void createModelAndData() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        images = Files.createDirectory(temp.resolve("images"));
        try (Stream<Path> all = Files.list(ModelFolders.IMAGES)) {
            for (Path picture : all.filter(Files::isRegularFile).toList()) {
                Files.copy(picture, images.resolve(picture.getFileName()));
            }
        }
        data = temp.resolve("data.json");
        samples = (ArrayNode) JSON.readTree(Golden.path("f_e2e/pretrain.json").toFile());
    }

    @Test
    void invalidSamplesOfEachKindAreLogged() throws IOException {
        ((ObjectNode) samples.get(0)).put("image", "not there.png");
        String corrupt = samples.get(1).get("image").textValue();
        byte[] bytes = Files.readAllBytes(images.resolve(corrupt));
        Files.write(images.resolve("half.png"), Arrays.copyOf(bytes, bytes.length / 2));
        ((ObjectNode) samples.get(1)).put("image", "half.png");
        ((ObjectNode) samples.get(2)).remove("conversations");
        ((ObjectNode) samples.get(3).get("conversations").get(1)).put("value", "");
        write();
        Path out = temp.resolve("out");
        RunReport report = run(Map.of("maxBadSamples", 4), out, CheckpointPolicy.NONE);
        assertThat(report.summary().badSamples()).isEqualTo(4);
        List<String> listed = Files.readAllLines(out.resolve("bad-samples.jsonl"));
        assertThat(listed).hasSize(4).allMatch(line -> line.contains(",\"where\":\"" + data + ", line "));
        assertThat(listed)
                .anyMatch(line -> line.contains("not there.png"))
                .anyMatch(line -> line.contains("half.png"))
                .anyMatch(line -> line.contains("\\\"conversations\\\" must be a list of turns"))
                .anyMatch(line -> line.contains("has no answer"));
        assertThat(messages).filteredOn(line -> line.startsWith("skipped ")).hasSize(4);
        assertThatThrownBy(() -> run(Map.of("maxBadSamples", 3), temp.resolve("other"), CheckpointPolicy.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(data + ", line ");
        assertThat(temp.resolve("other")).doesNotExist();
    }

    @Test
    void truncatedSamplesAreCounted() throws IOException {
        write();
        run(Map.of("modelMaxLength", 20), temp.resolve("out"), CheckpointPolicy.NONE);
        assertThat(messages)
                .filteredOn(line -> line.contains("longer than \"modelMaxLength\" (20)"))
                .singleElement()
                .asString()
                .matches("[1-8] samples? (was|were) .* truncated; lint-data lists them");
        messages.clear();
        run(Map.of(), temp.resolve("whole"), CheckpointPolicy.NONE);
        assertThat(messages).noneMatch(line -> line.contains("truncated"));
    }

    @Test
    void logSurvivesInterruption() throws IOException {
        ((ObjectNode) samples.get(5)).put("image", "not there.png");
        write();
        // Without length grouping, the invalid sample is read long before the run is stopped.
        Map<String, Object> small =
                Map.of("maxBadSamples", 9, "bucketingWindowBatches", 1, "perDeviceTrainBatchSize", 1, "maxSteps", 7);
        Path whole = temp.resolve("whole");
        run(small, whole, CheckpointPolicy.NONE);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.AUTO);
        int[] steps = {0};
        TrainingListener stopping = stopping(steps);
        Path out = temp.resolve("out");
        for (int i = 0; i < 6; i++) {
            assertThat(run(small, out, policy, stopping).stopped()).isNotNull();
        }
        run(small, out, policy, listener);
        assertThat(steps[0]).isEqualTo(6);
        assertThat(Files.readString(out.resolve("bad-samples.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("bad-samples.jsonl")));
    }

    /** {@code json.dump} writes a single line, so line numbers do not identify samples; ids may repeat. */
    @Test
    void invalidSamplesOfOneLineAreLoggedAndResumed() throws IOException {
        for (int number : new int[] {7, 5, 4, 2, 1, 0}) {
            ((ObjectNode) samples.get(number)).put("id", "s" + number / 2).put("image", "not there.png");
        }
        Files.writeString(data, samples.toString());
        Map<String, Object> small =
                Map.of("maxBadSamples", 9, "bucketingWindowBatches", 1, "perDeviceTrainBatchSize", 1, "maxSteps", 4);
        Path whole = temp.resolve("whole");
        run(small, whole, CheckpointPolicy.NONE);
        List<String> listed = Files.readAllLines(whole.resolve("bad-samples.jsonl"));
        assertThat(listed).hasSize(6);
        int[] numbers = {0, 1, 2, 4, 5, 7};
        for (int i = 0; i < numbers.length; i++) {
            assertThat(listed.get(i))
                    .startsWith("{\"number\":" + numbers[i] + ",\"where\":\"" + data + ", entry " + numbers[i]
                            + " (id s" + numbers[i] / 2 + ")\",\"reason\":\"");
        }
        assertThat(messages).filteredOn(line -> line.startsWith("skipped ")).hasSize(6);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.AUTO);
        Path out = temp.resolve("out");
        for (int i = 0; i < 3; i++) {
            assertThat(run(small, out, policy, stopping(new int[1])).stopped()).isNotNull();
        }
        run(small, out, policy, listener);
        assertThat(Files.readAllLines(out.resolve("bad-samples.jsonl"))).isEqualTo(listed);
    }

    @Test
    void nanStepIsRejectedAndReportsItsSamples() throws IOException {
        write();
        // A NaN token embedding: every step with that token is rejected.
        Map<String, INDArray> tensors = Golden.tensors("f_e2e/stage1_init.safetensors");
        INDArray table = tensors.get("model.embed_tokens.weight");
        int word = 13;
        table.getRow(word).assign(Float.NaN);
        tensors.keySet().removeIf(name -> name.contains("vision_tower") || name.contains("mm_projector"));
        SafetensorsWriter.write(model.resolve("model.safetensors"), tensors);
        Path out = temp.resolve("out");
        assertThatThrownBy(() -> run(Map.of(), out, CheckpointPolicy.NONE))
                .isInstanceOf(RejectedStepException.class)
                .hasMessageContaining("is NaN or infinite");
        assertThat(messages).hasSize(1);
        assertThat(messages.get(0))
                .startsWith("1: the loss of step 1 is NaN or infinite")
                .contains(data + ", line ");
        assertThat(out).doesNotExist();
    }

    @Test
    void shrinkingDataFileEndsRunWithCheckpoint() throws IOException {
        write();
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.NEVER);
        TrainingListener shrinking = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                try {
                    Files.writeString(data, "[]");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        Map<String, Object> small =
                Map.of("maxBadSamples", 100, "bucketingWindowBatches", 1, "perDeviceTrainBatchSize", 1, "maxSteps", 7);
        assertThatThrownBy(() -> run(small, temp.resolve("out"), policy, shrinking))
                .isInstanceOf(FileChangedException.class)
                .hasMessageContaining("changed while it was read");
        assertThat(temp.resolve("checkpoints/checkpoint-00000001")).isDirectory();
        assertThat(temp.resolve("out")).doesNotExist();
    }

    /** Stops the run after each step. */
    private static TrainingListener stopping(int[] steps) {
        return new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                steps[0]++;
            }

            @Override
            public boolean shouldStop() {
                return true;
            }
        };
    }

    private void write() throws IOException {
        Files.writeString(data, samples.toPrettyString());
    }

    private RunReport run(Map<String, ?> changes, Path output, CheckpointPolicy policy) {
        return run(changes, output, policy, listener);
    }

    private RunReport run(Map<String, ?> changes, Path output, CheckpointPolicy policy, TrainingListener who) {
        Stage stage = Stages.with(
                Stages.with(
                        Stages.named(Stages.PRETRAIN),
                        Map.of(
                                "perDeviceTrainBatchSize",
                                2,
                                "gradientAccumulationSteps",
                                1,
                                "maxSteps",
                                2,
                                "bucketingWindowBatches",
                                9)),
                changes);
        RunPaths paths = RunPaths.of(model, data, images, output).withVisionTower(ModelFolders.TOWER);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withCheckpointPolicy(policy), who);
    }
}
