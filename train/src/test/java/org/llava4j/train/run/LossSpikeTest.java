package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.records.SeededPermutation;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.RunStart;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Loss spike of a single batch late in training: its step is rejected. */
class LossSpikeTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TrainingTotals.StepCounts STEP_COUNTS =
            new TrainingTotals.StepCounts(1, 1, 0, 0, 1, List.of(1L));
    private static final int STEPS = 60;
    private static final int BAD_STEP = 51;
    private static final int SEED = 7;

    @TempDir
    private Path temp;

    private Path model;
    private Path data;
    private int line;
    private @Nullable ValidationOptions validation;
    private final List<String> rejections = new ArrayList<>();

    /** Identical samples except for one, which is read at {@link #BAD_STEP}. */
    @BeforeEach
    void createModelAndData() throws IOException {
        model = ModelFolders.llama(temp.resolve("model"));
        int bad = new SeededPermutation(STEPS, SEED, 0).get(BAD_STEP - 1);
        StringBuilder samples = new StringBuilder();
        for (int i = 0; i < STEPS; i++) {
            samples.append(sample(i, i == bad ? "zebra quartz, 93 jovial!" : "A word."))
                    .append('\n');
        }
        line = bad + 1;
        data = Files.writeString(temp.resolve("data.jsonl"), samples.toString());
    }

    @Test
    void spikeEndsRunAndReportsSamples() throws IOException {
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 10, 1, ResumeMode.NEVER);
        assertThatThrownBy(() -> run(0, 5, temp.resolve("out"), policy, listener(0)))
                .isInstanceOf(RejectedStepException.class)
                .hasMessageContaining("loss spike at step " + BAD_STEP + ": loss ")
                .hasMessageContaining("(\"explodingLoss\" is 5.0), no weight was changed");
        assertThat(rejections).hasSize(1);
        assertThat(rejections.get(0))
                .startsWith(BAD_STEP + ": ")
                .endsWith("[" + data + ", line " + line + ", entry " + (line - 1) + " (id " + (line - 1) + ")]");
        assertThat(temp.resolve("checkpoints/checkpoint-00000050")).isDirectory();
        assertThat(Files.readAllLines(temp.resolve("checkpoints/metrics.jsonl")))
                .hasSize(BAD_STEP)
                .last()
                .asString()
                .startsWith("{\"step\":51,\"rejected\":\"loss spike at step 51")
                .contains("\"samples\":[\"" + data + ", line " + line + ", entry ");
    }

    /** A skipped spike does not affect the weights, also if the run is stopped just before and after it. */
    @Test
    void skippedSpikeIsCountedAndResumedRunIsIdentical() throws IOException {
        Path whole = temp.resolve("whole");
        RunReport report = run(1, 5, whole, CheckpointPolicy.NONE, listener(0));
        assertThat(report.summary().badSteps()).isEqualTo(1);
        Path out = temp.resolve("out");
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 0, 1, ResumeMode.AUTO);
        for (int stop : List.of(BAD_STEP - 1, BAD_STEP + 1)) {
            assertThat(run(1, 5, out, policy, listener(stop)).stopped()).isNotNull();
        }
        assertThat(run(1, 5, out, policy, listener(0)).summary().badSteps()).isEqualTo(1);
        assertThat(rejections).hasSize(2).allMatch(step -> step.startsWith(BAD_STEP + ": "));
        assertThat(Files.mismatch(whole.resolve("model.safetensors"), out.resolve("model.safetensors")))
                .isEqualTo(-1);
        run(1, 0, temp.resolve("without"), CheckpointPolicy.NONE, listener(0));
        assertThat(rejections).as("0 means no limit").hasSize(2);
        assertThat(Files.mismatch(whole.resolve("model.safetensors"), temp.resolve("without/model.safetensors")))
                .as("without a limit the step changes the weights")
                .isPositive();
    }

    /** Checkpoint, evaluation and stop also follow a rejected step. */
    @Test
    void rejectedStepIsFollowedByCheckpointEvaluationAndStop() throws IOException {
        Path whole = temp.resolve("whole");
        run(1, 5, whole, CheckpointPolicy.NONE, listener(0));
        rejections.clear();
        validation = new ValidationOptions(data, null, null, BAD_STEP, 1, false);
        List<String> events = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                // Only the other callbacks matter.
            }

            @Override
            public void stepRejected(int step, String reason, List<String> samples) {
                events.add("rejected " + step);
            }

            @Override
            public void validated(int step, ValidationResult look) {
                events.add("evaluated " + step);
            }

            @Override
            public void checkpointSaved(Path checkpoint) {
                events.add("saved " + checkpoint.getFileName());
            }

            @Override
            public boolean shouldStop() {
                return events.contains("rejected " + BAD_STEP);
            }
        };
        Path out = temp.resolve("out");
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), BAD_STEP, 1, ResumeMode.AUTO);
        assertThat(run(1, 5, out, policy, listener).stopped()).startsWith("stopped after step " + BAD_STEP);
        assertThat(events)
                .containsExactly("rejected " + BAD_STEP, "evaluated " + BAD_STEP, "saved checkpoint-000000" + BAD_STEP);
        assertThat(run(1, 5, out, policy, listener(0)).summary().badSteps()).isEqualTo(1);
        assertThat(rejections).as("the step is not repeated").isEmpty();
        assertThat(Files.mismatch(whole.resolve("model.safetensors"), out.resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    @Test
    void runWithOnlyRejectedStepsFails() {
        TrainingListener poisoned = new TrainingListener() {
            @Override
            public void trainingStarted(RunStart start) {
                start.graph().getVariable("lm_head.weight").getArr().assign(Double.NaN);
            }

            @Override
            public void stepDone(Progress progress) {
                throw new AssertionError("no step has a loss");
            }
        };
        assertThatThrownBy(() -> run(STEPS, 5, temp.resolve("out"), CheckpointPolicy.NONE, poisoned))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("each of the " + STEPS + " steps was rejected");
    }

    /** A loss that rises by 3 % per step raises the smoothed loss, but not its lowest value. */
    @Test
    void slowRiseIsComparedWithLowestSmoothedLoss() {
        TrainingTotals totals = TrainingTotals.NONE;
        for (int good = 0; good < 20; good++) {
            totals = totals.plus(2, STEP_COUNTS);
        }
        double loss = 2;
        while (loss < 100 && loss <= totals.lossLimit(5)) {
            totals = totals.plus(loss, STEP_COUNTS);
            loss *= 1.03;
        }
        assertThat(totals.bestSmoothedLoss()).isEqualTo(2);
        assertThat(totals.smoothedLoss()).isBetween(9.5, 10.0);
        assertThat(loss).as("far below five times the smoothed loss").isLessThan(20);
        assertThat(totals.lossLimit(0)).isInfinite();
    }

    @Test
    void totalsOfOlderCheckpointHaveNoLowestLoss() {
        String old = "{\"steps\": 30, \"badSteps\": 0, \"lossSum\": 60, \"smoothedSum\": 20, \"smoothedWeight\": 10,"
                + " \"samples\": 30, \"positions\": 30, \"padding\": 0, \"supervised\": 30, \"drawn\": [30]}";
        TrainingTotals totals = JsonInput.parse("old", old.getBytes(StandardCharsets.UTF_8), TrainingTotals.class);
        assertThat(totals.lossLimit(5)).isEqualTo(10);
        TrainingTotals next = totals.plus(1, STEP_COUNTS);
        assertThat(next.bestSmoothedLoss()).isEqualTo(next.smoothedLoss());
        byte[] written = JsonInput.write(next).getBytes(StandardCharsets.UTF_8);
        assertThat(JsonInput.parse("new", written, TrainingTotals.class)).isEqualTo(next);
    }

    @Test
    void lossLimitNeedsFactorOneNatAndTwentySteps() {
        TrainingTotals totals = TrainingTotals.NONE.plusRejected(STEP_COUNTS);
        for (int good = 0; good < 20; good++) {
            assertThat(totals.lossLimit(5)).isInfinite();
            totals = totals.plus(2, STEP_COUNTS);
        }
        assertThat(totals.lossLimit(5)).isEqualTo(10);
        assertThat(totals.lossLimit(0)).isInfinite();
        assertThat(totals.lossLimit(1.1)).as("at least 1 nat above it").isEqualTo(3);
        assertThat(totals.plusRejected(STEP_COUNTS).lossLimit(5))
                .as("rejected steps do not affect the limit")
                .isEqualTo(10);
        assertThat(totals.plus(4, STEP_COUNTS).lossLimit(5)).isGreaterThan(10);
    }

    private static ObjectNode sample(int number, String answer) {
        ObjectNode sample = JSON.createObjectNode().put("id", "" + number);
        ArrayNode turns = sample.putArray("conversations");
        turns.addObject().put("from", "human").put("value", "What is it?");
        turns.addObject().put("from", "gpt").put("value", answer);
        return sample;
    }

    private RunReport run(
            int maxBadSteps, double explodingLoss, Path output, CheckpointPolicy policy, TrainingListener listener) {
        Stage stage = Stages.with(
                Stages.named(Stages.FINETUNE),
                List.of(
                        "freshProjector=true",
                        // Without images the projector gets no gradient.
                        "trainable=[\"(model\\\\.(embed_tokens|layers|norm)|lm_head)\\\\..+\"]",
                        "perDeviceTrainBatchSize=1",
                        "gradientAccumulationSteps=1",
                        "numTrainEpochs=1",
                        "bucketingWindowBatches=1",
                        "padToMultipleOf=1",
                        "learningRate=1e-2",
                        "seed=" + SEED));
        Stage limited = Stages.with(stage, Map.of("maxBadSteps", maxBadSteps, "explodingLoss", explodingLoss));
        RunPaths paths = RunPaths.of(model, data, null, output).withVisionTower(ModelFolders.TOWER);
        RunOptions plain = RunOptions.DEFAULT.withCheckpointPolicy(policy);
        RunOptions options = validation == null ? plain : plain.withValidation(validation);
        return StageRunner.run(limited, paths, options, listener);
    }

    /** @param stop the step to stop after; 0 for none */
    private TrainingListener listener(int stop) {
        return new TrainingListener() {
            private int last;

            @Override
            public void stepDone(Progress progress) {
                last = progress.step().step();
            }

            @Override
            public boolean shouldStop() {
                return last == stop;
            }

            @Override
            public void stepRejected(int step, String reason, List<String> places) {
                rejections.add(step + ": " + reason + " " + places);
            }
        };
    }
}
