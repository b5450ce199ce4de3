package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.ShortStage;
import org.llava4j.train.StepGradients;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.logging.ValidationResult;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.run.CheckpointPolicy.ResumeMode;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** A stage with a preprocessor of the caller. */
class PreProcessorTest {
    private static final Stage STAGE = Stages.with(
            Stages.named(Stages.PRETRAIN), ShortStage.settings(2, 3, "learningRate=1e-3", "bucketingWindowBatches=1"));

    @TempDir
    private Path temp;

    private Path model;
    private Path data;

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
        data = Golden.path("f_e2e/pretrain.json");
    }

    private RunReport run(String out, RunOptions options, TrainingListener listener, GradientExecutor executor) {
        RunPaths paths =
                RunPaths.of(model, data, ModelFolders.IMAGES, temp.resolve(out)).withVisionTower(ModelFolders.TOWER);
        return StageRunner.run(STAGE, paths, options, listener, executor);
    }

    private RunReport run(String out, RunOptions options) {
        return run(out, options, TrainingListener.NONE, GradientExecutor.LOCAL);
    }

    private static List<Double> losses(RunReport report) {
        return report.steps().stream().map(step -> step.loss()).toList();
    }

    @Test
    void preProcessorChangesEachBatchOfTraining() {
        List<long[]> shapes = new ArrayList<>();
        RunReport plain = run("plain", RunOptions.DEFAULT);
        RunReport seen = run(
                "seen",
                RunOptions.DEFAULT.withPreProcessor(
                        batch -> shapes.add(batch.getFeatures(1).shape())));
        RunReport scaled = run(
                "scaled",
                RunOptions.DEFAULT.withPreProcessor(
                        batch -> batch.getFeatures(0).muli(3)));
        assertThat(losses(seen)).isEqualTo(losses(plain));
        assertThat(shapes).hasSizeBetween(4, 6).allMatch(shape -> shape[0] <= 2 && shape[1] <= 256);
        for (int i = 0; i < 3; i++) {
            assertThat(losses(scaled).get(i)).isNotEqualTo(losses(plain).get(i));
        }
    }

    @Test
    void validationIsEvaluatedWithoutPreProcessor() {
        List<Double> losses = new ArrayList<>();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {}

            @Override
            public void validated(int step, ValidationResult result) {
                losses.add(result.loss());
            }
        };
        int[] batches = new int[1];
        RunOptions options = RunOptions.DEFAULT
                .withValidation(new ValidationOptions(data, ModelFolders.IMAGES, "val", 1, 4, false))
                .withPreProcessor(batch -> batches[0]++);
        RunReport report = run("out", options, listener, GradientExecutor.LOCAL);
        assertThat(losses).hasSize(3);
        assertThat(batches[0])
                .isEqualTo((int) Math.ceil(report.summary().samples() / 2.0))
                .isLessThanOrEqualTo(6);
    }

    @Test
    void resumeNeedsSamePresenceOfPreProcessor() {
        CheckpointPolicy policy = new CheckpointPolicy(temp.resolve("checkpoints"), 1, 2, ResumeMode.AUTO);
        RunOptions plain = RunOptions.DEFAULT.withCheckpointPolicy(policy);
        RunOptions own = plain.withPreProcessor(batch -> {});
        assertThat(run("out", own, new StopAfter(2), GradientExecutor.LOCAL).stopped())
                .isNotNull();
        assertThatThrownBy(() -> run("out", plain))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("preprocessor")
                .hasMessageNotContaining("\n");
        assertThat(run("out", own).summary().steps()).isEqualTo(3);
    }

    @Test
    void clusterRefusesPreProcessor() {
        GradientExecutor cluster = new GradientExecutor() {
            @Override
            public void requireSupported(Stage stage, RunOptions options, MemoryPlan plan) {
                ClusterStageCheck.requireSupported(stage, options, plan);
            }

            @Override
            public StepGradients open(
                    Stage stage, RunPaths paths, RunOptions options, GradientWorker worker, TrainingListener listener) {
                return worker;
            }
        };
        assertThatThrownBy(() ->
                        run("out", RunOptions.DEFAULT.withPreProcessor(batch -> {}), TrainingListener.NONE, cluster))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot run a preprocessor")
                .hasMessageContaining("withPreProcessor")
                .hasMessageNotContaining("\n");
        assertThat(run("local", RunOptions.DEFAULT, TrainingListener.NONE, cluster)
                        .stopped())
                .isNull();
    }
}
