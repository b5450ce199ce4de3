package consumer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/** Trains four steps of stage 2 on a few conversations, and asks the trained model. */
public final class TrainFourSteps {
    private TrainFourSteps() {}

    /** @param args a checkout of LLaVA4J, for its tiny base model and a dataset */
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        Path base = root.resolve("resources/tiny/base");
        Path data = root.resolve("resources/golden/f_e2e/finetune.json");
        Path images = root.resolve("resources/golden/d_preproc");
        Path output = Files.createTempDirectory("trained").resolve("model");
        Stage stage = Stages.with(
                Stages.named("finetune"), List.of("maxSteps=4", "perDeviceTrainBatchSize=2", "freshProjector=true"));
        RunPaths paths = RunPaths.of(base, data, images, output).withVisionTower(base.resolve("vision_tower"));
        RunReport report = StageRunner.run(stage, paths, RunOptions.DEFAULT, new TrainingListener() {
            @Override
            public void stepDone(Progress progress) {
                System.out.println("consumer: step " + progress.step().step() + ", loss " + progress.smoothedLoss());
            }
        });
        if (report.steps().size() != 4) {
            throw new IllegalStateException(report.steps().size() + " steps were trained instead of 4");
        }
        try (LlavaModel trained = LlavaModel.load(report.output())) {
            System.out.println("consumer: the trained model answers "
                    + trained.answer(images.resolve("rgb_64x48.png"), "What is it?", 3));
        }
    }
}
