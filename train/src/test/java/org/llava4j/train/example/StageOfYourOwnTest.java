package org.llava4j.train.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.model.LlavaModel;
import org.llava4j.train.Golden;
import org.llava4j.train.TinyFolders;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.RunReport;
import org.llava4j.train.stage.Saving;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StageRunner;
import org.llava4j.train.stage.Stages;
import org.llava4j.train.watch.Progress;
import org.llava4j.train.watch.RunListener;

/** Compiles and runs the example of resources/docs/training.md: a training stage from Java. */
class StageOfYourOwnTest {
    @TempDir
    private Path temp;

    @Test
    void aStageRunsFromJava() throws IOException {
        Path vicuna = TinyFolders.llama(temp.resolve("vicuna"));
        Path clip = TinyFolders.TOWER;
        Path data = Golden.path("f_e2e/finetune.json");
        Path pictures = TinyFolders.PICTURES;
        Path output = temp.resolve("out");
        AtomicBoolean cancelled = new AtomicBoolean();
        // <example>
        Stage stage =
                Stages.with(Stages.named("finetune"), List.of("maxSteps=4", "batchSize=2", "freshProjector=true"));
        RunPaths paths = RunPaths.of(vicuna, data, pictures, output).withVisionTower(clip);
        Saving saving = new Saving(Path.of(output + ".checkpoints"), 100, 2, Saving.Resume.AUTO);
        RunListener listener = new RunListener() {
            @Override
            public void step(Progress progress) {
                System.out.println(progress.step().step() + ": " + progress.smoothedLoss());
            }

            @Override
            public boolean stops() {
                return cancelled.get(); // it then writes a checkpoint, and the next run goes on from there
            }
        };
        RunReport report = StageRunner.run(stage, paths, RunOptions.DEFAULT.withSaving(saving), listener);
        LlavaModel trained = LlavaModel.load(report.output());
        // </example>
        assertThat(report.steps()).hasSize(4);
        assertThat(trained.answer(pictures.resolve("rgb_64x48.png"), "What is it?", 3))
                .isNotNull();
        Path root = Path.of(System.getProperty("llava4j.root"));
        String source =
                Files.readString(root.resolve("train/src/test/java/org/llava4j/train/example/StageOfYourOwnTest.java"));
        String example = source.substring(
                        source.indexOf("// <example>\n") + 13, source.indexOf("        // </example>"))
                .indent(-8);
        assertThat(Files.readString(root.resolve("resources/docs/training.md")))
                .contains("```java\n" + example + "```");
    }
}
