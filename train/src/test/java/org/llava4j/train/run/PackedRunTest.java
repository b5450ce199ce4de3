package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Runs with packing. */
class PackedRunTest {
    private static final int STEPS = 5;
    private static final String PACKING = "packing=true";

    @TempDir
    private Path temp;

    private GoldenRun runs;

    @BeforeEach
    void createModelAndData() throws IOException {
        Path data = Files.copy(Golden.path("f_e2e/finetune.json"), temp.resolve("data.json"));
        runs = new GoldenRun(ModelFolders.llama(temp.resolve("model")), data, temp);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void packedRunTrainsAsUnpackedRun(boolean grouped) throws IOException {
        String grouping = "groupByModalityLength=" + grouped;
        RunReport rows = runs.run(stage(grouping), "rows", without(), TrainingListener.NONE);
        List<Progress> progress = new ArrayList<>();
        RunReport packed = runs.run(stage(grouping, PACKING), "packed", without(), progress::add);
        assertThat(packed.steps()).hasSize(STEPS);
        for (int i = 0; i < STEPS; i++) {
            Trainer.Step expected = rows.steps().get(i);
            assertThat(packed.steps().get(i).loss()).isCloseTo(expected.loss(), within(1e-5 * expected.loss()));
        }
        assertSimilar(temp.resolve("rows"), temp.resolve("packed"));

        double before = rows.summary().paddingShare();
        double after = packed.summary().paddingShare();
        assertThat(after).isLessThan(before / 2);
        assertThat(packed.summary().unpackedPaddingShare()).isCloseTo(before, within(1e-9));
        assertThat(rows.summary().unpackedPaddingShare()).isNull();
        assertThat(packed.summary().samples()).isEqualTo(rows.summary().samples());
        ObjectMapper json = new ObjectMapper();
        JsonNode report = json.readTree(temp.resolve("packed/run.json").toFile());
        assertThat(report.path("unpacked_padding_share").asDouble()).isCloseTo(before, within(1e-9));
        assertThat(json.readTree(temp.resolve("rows/run.json").toFile()).has("unpacked_padding_share"))
                .isFalse();
        Progress last = progress.get(STEPS - 1);
        assertThat(last.unpackedPaddingShare()).isCloseTo(before, within(1e-9));
        assertThat(Files.readAllLines(temp.resolve("packed/metrics.jsonl")))
                .allMatch(line -> line.contains("unpacked_padding"));
        assertThat(ProgressLine.unpacked(before)).startsWith(" (").endsWith(" % unpacked)");
    }

    @Test
    void resumedRunIsIdentical() throws IOException {
        Stage stage = stage(PACKING, "groupByModalityLength=true");
        RunReport whole = runs.run(stage, "whole", without(), TrainingListener.NONE);
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 2, ResumeMode.AUTO);
        assertThat(runs.run(stage, "out", policy, new StopAfter(3)).stopped()).isNotNull();
        assertThatThrownBy(() -> runs.run(stage("groupByModalityLength=true"), "out", policy, TrainingListener.NONE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"packing\" was true and is absent");
        RunReport resumed = runs.run(stage, "out", policy, TrainingListener.NONE);
        assertThat(Files.mismatch(temp.resolve("whole/model.safetensors"), temp.resolve("out/model.safetensors")))
                .isEqualTo(-1);
        assertThat(resumed.summary().unpackedPaddingShare())
                .isEqualTo(whole.summary().unpackedPaddingShare());
    }

    /** The memory plan is that of unpacked batches, which are never smaller. */
    @Test
    void packedBatchIsNeverLargerThanUnpackedOne() {
        try (StageData rows = open(stage());
                StageData packed = open(stage(PACKING))) {
            LlavaBatchIterator unpackedBatches = rows.batches();
            while (unpackedBatches.hasNext()) {
                BatchLayout unpacked = unpackedBatches.nextPlan().layout();
                BatchLayout layout = packed.batches().nextPlan().layout();
                assertThat(layout.inputIds().length).isLessThanOrEqualTo(unpacked.inputIds().length);
            }
            assertThat(packed.batches().hasNext()).isFalse();
        }
    }

    @Test
    void planKeepsArraysOfMoreSizes() {
        LlavaConfig config = LlavaConfig.read(runs.model(), ModelFolders.TOWER);
        MemoryPlan rows = plan(config, stage("padToMultipleOf=32"));
        MemoryPlan packed = plan(config, stage("padToMultipleOf=32", PACKING));
        assertThat(packed.neededBytes()).isEqualTo(rows.neededBytes());
        assertThat(packed.peakBytes()).isGreaterThan(rows.peakBytes());
    }

    private static MemoryPlan plan(LlavaConfig config, Stage stage) {
        return MemoryPlan.of(StagePlan.of(stage, config, RunOptions.DEFAULT, 8L, () -> {
            throw new AssertionError("sizes of stored weights are not needed");
        }));
    }

    /** In a batch without padding there is nothing to save. */
    @Test
    void batchesOfOneSampleStayUnpacked() {
        RunReport report =
                runs.run(stage(PACKING, "perDeviceTrainBatchSize=1"), "out", without(), TrainingListener.NONE);
        assertThat(report.summary().unpackedPaddingShare()).isNull();
    }

    @Test
    void totalsCountSavedPositions() {
        TrainingTotals.StepCounts step = new TrainingTotals.StepCounts(4, 100, 10, 60, 50, List.of(4L));
        TrainingTotals totals = TrainingTotals.NONE.plus(1, step).plusRejected(step);
        assertThat(totals.savedPositions()).isEqualTo(120);
        assertThat(totals.paddingShare()).isEqualTo(0.1);
        assertThat(totals.unpackedPaddingShare()).isEqualTo(140 / 320.0);
        TrainingTotals.StepCounts unpacked = new TrainingTotals.StepCounts(4, 100, 10, 0, 50, List.of(4L));
        assertThat(TrainingTotals.NONE.plus(1, unpacked).unpackedPaddingShare()).isNull();
        assertThat(totals.plus(1, unpacked).savedPositions()).isEqualTo(120);
    }

    private StageData open(Stage stage) {
        return StageRunner.openData(stage, runs.paths("unused"), RunOptions.DEFAULT, TrainingListener.NONE);
    }

    /** Batches of four samples in the shuffled order, whose lengths differ. */
    private static Stage stage(String... settings) {
        List<String> all = new ArrayList<>(ShortStage.settings(
                1,
                STEPS,
                "learningRate=1e-3",
                "perDeviceTrainBatchSize=4",
                "padToMultipleOf=1",
                "bucketingWindowBatches=1"));
        all.addAll(List.of(settings));
        return Stages.with(Stages.named(Stages.FINETUNE), all);
    }

    private CheckpointPolicy without() {
        return new CheckpointPolicy(temp.resolve("unused"), 0, 1, ResumeMode.NEVER);
    }

    /** AdamW divides by the gradient, so that rounding grows where it is near 0. */
    private static void assertSimilar(Path one, Path other) {
        try (SafetensorsFile expected = SafetensorsFile.open(one.resolve("model.safetensors"));
                SafetensorsFile actual = SafetensorsFile.open(other.resolve("model.safetensors"))) {
            for (String name : expected.tensors().keySet()) {
                assertThat(Golden.relativeError(actual.read(name), expected.read(name)))
                        .as(name)
                        .isLessThan(1e-3);
            }
        }
    }
}
