package org.llava4j.train.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.records.ConversationRecordReader;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.PyTorchAdam;
import org.llava4j.train.data.DataSource;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;
import org.nd4j.autodiff.listeners.impl.ScoreListener;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Compiles and runs the example of resources/docs/training.md: stage 1 by DataVec and {@code SameDiff.fit}. */
class DataVecFitTest {
    private static final int EPOCHS = 3;

    @TempDir
    private Path temp;

    /** Clipping is disabled, because fit has none; batches, schedule and arithmetic of Adam are the same. */
    @Test
    void fitEndsWithTheWeightsOfPretrain() {
        Path vicuna = ModelFolders.llama(temp.resolve("vicuna"));
        Path clip = ModelFolders.TOWER;
        Path data = Golden.path("f_e2e/pretrain.json");
        Path images = ModelFolders.IMAGES;
        Stage stage = Stages.with(
                Stages.named(Stages.PRETRAIN),
                List.of(
                        "perDeviceTrainBatchSize=2",
                        "gradientAccumulationSteps=1",
                        "numTrainEpochs=" + EPOCHS,
                        "optimizer.maxGradNorm=1e30"));
        Llava llava = fit(stage, vicuna, clip, data, images, temp.resolve("none"));

        RunReport report = StageRunner.run(
                stage,
                RunPaths.of(vicuna, data, images, temp.resolve("out")).withVisionTower(clip),
                RunOptions.DEFAULT,
                progress -> {});
        assertThat(report.steps()).hasSizeGreaterThan(2 * EPOCHS);
        Path output = report.output();
        Llava pretrained;
        try (Checkpoint weights = Checkpoint.llava(output, clip).withoutTower()) {
            pretrained = Llava.build(LlavaConfig.read(output, clip), weights, ImageInput.FEATURES);
        }
        Llava initial = build(stage, vicuna, clip);
        assertThat(llava.trainableNames()).isNotEmpty();
        for (String name : llava.trainableNames()) {
            assertThat(distance(pretrained.weight(name), initial.weight(name)))
                    .as(name + " was trained")
                    .isGreaterThan(1e-3);
            assertThat(distance(pretrained.weight(name), llava.weight(name)))
                    .as(name)
                    .isLessThan(1e-6);
        }
    }

    private static double distance(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }

    private static Llava build(Stage stage, Path vicuna, Path clip) {
        try (Checkpoint weights = Checkpoint.llava(vicuna, clip).withoutTower().withNewProjector(stage.seed())) {
            return Llava.build(LlavaConfig.read(vicuna, clip), weights, ImageInput.FEATURES);
        }
    }

    private static Llava fit(Stage stage, Path vicuna, Path clip, Path data, Path images, Path output) {
        // <example>
        LlavaConfig config = LlavaConfig.read(vicuna, clip);
        Llava llava;
        try (Checkpoint weights = Checkpoint.llava(vicuna, clip).withoutTower().withNewProjector(stage.seed())) {
            llava = Llava.build(config, weights, ImageInput.FEATURES);
        }
        llava.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX));

        DataSource source = new DataSource(data, images)
                .withReader(ConversationRecordReader::new); // or your own, with the same three columns
        RunPaths paths =
                RunPaths.of(vicuna, data, images, output).withVisionTower(clip).withSources(List.of(source));
        RunOptions options = RunOptions.DEFAULT.withPreProcessor(batch -> {}); // or your own MultiDataSetPreProcessor
        try (StageData read = StageRunner.openData(stage, paths, options, TrainingListener.NONE)) {
            MultiDataSetIterator batches = read.batches(); // or any other, with the same arrays
            int steps = EPOCHS * read.batchesPerEpoch();
            SameDiff graph = llava.graph();
            graph.setTrainingConfig(llava.trainingConfig()
                    .updater(new PyTorchAdam(CosineScheduleWithWarmup.of(2e-3, 0.03, steps), 0.9, 0.999, 1e-8))
                    .build());
            graph.fit(batches, EPOCHS, new ScoreListener(10));
        }
        // </example>
        return llava;
    }

    @Test
    void docsShowThisCode() throws IOException {
        Path root = Path.of(System.getProperty("llava4j.root"));
        String source =
                Files.readString(root.resolve("train/src/test/java/org/llava4j/train/example/DataVecFitTest.java"));
        String example = source.substring(
                        source.indexOf("// <example>\n") + 13, source.indexOf("        // </example>"))
                .indent(-8);
        assertThat(Files.readString(root.resolve("resources/docs/training.md")))
                .contains("```java\n" + example + "```");
    }
}
