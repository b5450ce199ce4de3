package org.llava4j.train.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Compiles and runs the example of resources/docs/training.md: a training stage from Java. */
class CustomStageTest {
    @TempDir
    private Path temp;

    @Test
    void stageRunsFromJava() throws IOException {
        Path vicuna = ModelFolders.llama(temp.resolve("vicuna"));
        Path clip = ModelFolders.TOWER;
        Path data = Golden.path("f_e2e/finetune.json");
        Path images = ModelFolders.IMAGES;
        Path output = temp.resolve("out");
        AtomicBoolean cancelled = new AtomicBoolean();
        // <example>
        Stage stage = Stages.with(
                Stages.named("finetune"), List.of("maxSteps=4", "perDeviceTrainBatchSize=2", "freshProjector=true"));
        RunPaths paths = RunPaths.of(vicuna, data, images, output).withVisionTower(clip);
        CheckpointPolicy policy =
                new CheckpointPolicy(Path.of(output + ".checkpoints"), 100, 2, CheckpointPolicy.ResumeMode.AUTO);
        TrainingListener listener = new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                System.out.println(progress.step().step() + ": " + progress.smoothedLoss());
            }

            @Override
            public boolean shouldStop() {
                return cancelled.get(); // the run writes a checkpoint; the next run resumes from it
            }
        };
        RunOptions options = RunOptions.DEFAULT
                .withCheckpointPolicy(policy)
                .withPreProcessor(batch -> {}); // or your own MultiDataSetPreProcessor
        RunReport report = StageRunner.run(stage, paths, options, listener);
        LlavaModel trained = LlavaModel.load(report.output());
        // </example>
        assertThat(report.steps()).hasSize(4);
        assertThat(trained.answer(images.resolve("rgb_64x48.png"), "What is it?", 3))
                .isNotNull();
        Path root = Path.of(System.getProperty("llava4j.root"));
        String source =
                Files.readString(root.resolve("train/src/test/java/org/llava4j/train/example/CustomStageTest.java"));
        String example = source.substring(
                        source.indexOf("// <example>\n") + 13, source.indexOf("        // </example>"))
                .indent(-8);
        assertThat(Files.readString(root.resolve("resources/docs/training.md")))
                .contains("```java\n" + example + "```");
    }
}
