package org.llava4j.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.TinyModelFolders;
import org.llava4j.train.Trainer;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Both stages on files, compared with a recorded run of the original LLaVA code. */
class PublishedStagesTest {
    private static final double PERCENT = 0.01;

    @TempDir
    Path temp;

    @Test
    void stagesMatchRecordedRun() {
        Path llama = ModelFolders.llama(temp.resolve("llama"));
        Stage pretrain = published("pretrain", "square");
        Path captions =
                TinyModelFolders.inPublishedOrder("pretrain.json", pretrain.seed(), temp.resolve("pretrain.json"));
        Path stage1 = temp.resolve("stage1");
        RunPaths paths = RunPaths.of(llama, captions, ModelFolders.IMAGES, stage1)
                .withVisionTower(ModelFolders.TOWER)
                .withProjector(TinyModelFolders.projector(temp.resolve("projector.safetensors")))
                .withFeatureCache(temp.resolve("cache"));
        RunReport report = StageRunner.run(pretrain, paths, RunOptions.DEFAULT, TrainingListener.NONE);
        assertSteps("stage1", report.steps(), 4);
        assertThat(report.summary().featuresComputed())
                .as("8 images, each computed once")
                .isEqualTo(8);
        assertProjector(stage1);

        Stage finetune = published("finetune", "pad");
        Path talks = TinyModelFolders.inPublishedOrder("finetune.json", finetune.seed(), temp.resolve("finetune.json"));
        RunPaths next = RunPaths.of(stage1, talks, ModelFolders.IMAGES, temp.resolve("stage2"))
                .withFeatureCache(temp.resolve("cache"));
        RunReport second = StageRunner.run(finetune, next, RunOptions.DEFAULT, TrainingListener.NONE);
        // The original code discarded the labels of one sample of the last batch, so that batch differs.
        assertSteps("stage2", second.steps(), 3);
    }

    /** A shipped stage with the size of the recorded run. */
    private static Stage published(String name, String aspectRatio) {
        return Stages.with(
                Stages.named(name),
                Map.of(
                        "perDeviceTrainBatchSize", 2,
                        "gradientAccumulationSteps", 1,
                        "numTrainEpochs", 1,
                        "bucketingWindowBatches", 1,
                        "imageAspectRatio", aspectRatio));
    }

    private static void assertSteps(String stage, List<Trainer.Step> steps, int compared) {
        JsonNode golden = Golden.json("f_e2e/" + stage + "_log.json").get("steps");
        assertThat(steps).hasSameSizeAs(golden);
        for (int i = 0; i < compared; i++) {
            Trainer.Step step = steps.get(i);
            JsonNode expected = golden.get(i);
            assertClose(stage + " loss " + step.step(), step.loss(), expected.get("loss"));
            assertClose(stage + " norm " + step.step(), step.gradNorm(), expected.get("grad_norm_before_clip"));
            assertClose(
                    stage + " rate " + step.step(),
                    step.learningRate(),
                    expected.get("lr").get(0));
        }
    }

    private static void assertClose(String what, double actual, JsonNode expected) {
        assertThat(actual).as(what).isCloseTo(expected.doubleValue(), withinPercentage(PERCENT));
    }

    private static void assertProjector(Path folder) {
        Map<String, INDArray> before = Golden.tensors("f_e2e/stage1_init.safetensors");
        try (SafetensorsFile written = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            Golden.tensors("f_e2e/stage1_final.safetensors").forEach((name, expected) -> {
                INDArray start = before.get(name);
                assertThat(Golden.relativeError(written.read(name).sub(start), expected.sub(start)))
                        .as("change of " + name)
                        .isLessThan(1e-2);
            });
        }
    }
}
