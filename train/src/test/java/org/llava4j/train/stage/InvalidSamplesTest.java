package org.llava4j.train.stage;

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
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.train.GoldenValues;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.TinyModelFolders;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.CheckpointPolicy.ResumeMode;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Samples and steps that are no good: by policy passed over, counted and listed, or the end of the run. */
class InvalidSamplesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private Path pictures;
    private ArrayNode samples;
    private final List<String> told = new ArrayList<>();

    private final TrainingListener listener = new TrainingListener() {
        @Override
        public void stepDone(Progress progress) {
            // Only what is said besides is of interest.
        }

        @Override
        public void notice(String line) {
            told.add(line);
        }

        @Override
        public void stepRejected(int step, String reason, List<String> places) {
            told.add(step + ": " + reason + " " + places);
        }
    };

    @BeforeEach
    void aModelAndData() throws IOException {
        model = TinyModelFolders.llama(temp.resolve("model"));
        pictures = Files.createDirectory(temp.resolve("pictures"));
        try (Stream<Path> all = Files.list(TinyModelFolders.PICTURES)) {
            for (Path picture : all.filter(Files::isRegularFile).toList()) {
                Files.copy(picture, pictures.resolve(picture.getFileName()));
            }
        }
        data = temp.resolve("data.json");
        samples = (ArrayNode)
                JSON.readTree(GoldenValues.path("f_e2e/pretrain.json").toFile());
    }

    @Test
    void badSamplesOfEveryKindAreListed() throws IOException {
        ((ObjectNode) samples.get(0)).put("image", "not there.png");
        String corrupt = samples.get(1).get("image").textValue();
        byte[] bytes = Files.readAllBytes(pictures.resolve(corrupt));
        Files.write(pictures.resolve("half.png"), Arrays.copyOf(bytes, bytes.length / 2));
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
                .anyMatch(line -> line.contains("learn"));
        assertThat(told).filteredOn(line -> line.startsWith("passed over ")).hasSize(4);
        assertThatThrownBy(() -> run(Map.of("maxBadSamples", 3), temp.resolve("other"), CheckpointPolicy.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(data + ", line ");
        assertThat(temp.resolve("other")).doesNotExist();
    }

    @Test
    void truncatedSamplesAreReportedWithTheirCount() throws IOException {
        write();
        run(Map.of("maxLength", 20), temp.resolve("out"), CheckpointPolicy.NONE);
        assertThat(told)
                .filteredOn(line -> line.contains("longer than \"maxLength\" (20)"))
                .singleElement()
                .asString()
                .matches("[1-8] samples? (was|were) .* truncated; lint-data lists them");
        told.clear();
        run(Map.of(), temp.resolve("whole"), CheckpointPolicy.NONE);
        assertThat(told).noneMatch(line -> line.contains("truncated"));
    }

    @Test
    void theListSurvivesAnInterruption() throws IOException {
        ((ObjectNode) samples.get(5)).put("image", "not there.png");
        write();
        // One window a batch: the bad sample is met long before the run is stopped.
        Map<String, Object> small = Map.of("maxBadSamples", 9, "sortedBatches", 1, "batchSize", 1, "maxSteps", 7);
        Path whole = temp.resolve("whole");
        run(small, whole, CheckpointPolicy.NONE);
        CheckpointPolicy saving = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.AUTO);
        int[] steps = {0};
        TrainingListener stopping = stopping(steps);
        Path out = temp.resolve("out");
        for (int i = 0; i < 6; i++) {
            assertThatThrownBy(() -> run(small, out, saving, stopping)).isInstanceOf(RunStoppedException.class);
        }
        run(small, out, saving, listener);
        assertThat(steps[0]).isEqualTo(6);
        assertThat(Files.readString(out.resolve("bad-samples.jsonl")))
                .isEqualTo(Files.readString(whole.resolve("bad-samples.jsonl")));
    }

    /** {@code json.dump} writes one line: lines tell no samples apart. Ids may repeat. */
    @Test
    void badSamplesOfOneLineAreAllListedAndResumed() throws IOException {
        for (int number : new int[] {7, 5, 4, 2, 1, 0}) {
            ((ObjectNode) samples.get(number)).put("id", "s" + number / 2).put("image", "not there.png");
        }
        Files.writeString(data, samples.toString());
        Map<String, Object> small = Map.of("maxBadSamples", 9, "sortedBatches", 1, "batchSize", 1, "maxSteps", 4);
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
        assertThat(told).filteredOn(line -> line.startsWith("passed over ")).hasSize(6);
        CheckpointPolicy saving = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.AUTO);
        Path out = temp.resolve("out");
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> run(small, out, saving, stopping(new int[1])))
                    .isInstanceOf(RunStoppedException.class);
        }
        run(small, out, saving, listener);
        assertThat(Files.readAllLines(out.resolve("bad-samples.jsonl"))).isEqualTo(listed);
    }

    @Test
    void aStepWithoutANumberChangesNothingAndTellsItsSamples() throws IOException {
        write();
        // A word vector that is no number: every step that meets the word is no good.
        Map<String, INDArray> tensors = GoldenValues.tensors("f_e2e/stage1_init.safetensors");
        INDArray table = tensors.get("model.embed_tokens.weight");
        int word = 13;
        table.getRow(word).assign(Float.NaN);
        tensors.keySet().removeIf(name -> name.contains("vision_tower") || name.contains("mm_projector"));
        SafetensorsWriter.write(model.resolve("model.safetensors"), tensors);
        Path out = temp.resolve("out");
        assertThatThrownBy(() -> run(Map.of(), out, CheckpointPolicy.NONE))
                .isInstanceOf(RejectedStepException.class)
                .hasMessageContaining("is not a number any more");
        assertThat(told).hasSize(1);
        assertThat(told.get(0))
                .startsWith("1: the loss of step 1 is not a number")
                .contains(data + ", line ");
        assertThat(out).doesNotExist();
    }

    @Test
    void aFileThatShrinksUnderTheRunEndsItWithItsCheckpoint() throws IOException {
        write();
        CheckpointPolicy saving = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 1, ResumeMode.NEVER);
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
        Map<String, Object> small = Map.of("maxBadSamples", 100, "sortedBatches", 1, "batchSize", 1, "maxSteps", 7);
        assertThatThrownBy(() -> run(small, temp.resolve("out"), saving, shrinking))
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

    private RunReport run(Map<String, ?> changes, Path output, CheckpointPolicy saving) {
        return run(changes, output, saving, listener);
    }

    private RunReport run(Map<String, ?> changes, Path output, CheckpointPolicy saving, TrainingListener who) {
        Stage stage = Stages.with(
                Stages.with(
                        Stages.named(Stages.PRETRAIN),
                        Map.of("batchSize", 2, "accumulation", 1, "maxSteps", 2, "sortedBatches", 9)),
                changes);
        RunPaths paths = RunPaths.of(model, data, pictures, output).withVisionTower(TinyModelFolders.TOWER);
        return StageRunner.run(stage, paths, RunOptions.DEFAULT.withCheckpointPolicy(saving), who);
    }
}
