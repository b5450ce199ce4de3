package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.nd4j.autodiff.samediff.SameDiff;

/** Progress of a synthetic run, without a model. */
final class ProgressSamples {
    private ProgressSamples() {}

    static RunStart start(Path folder, int total, int done) {
        return start(folder, total, done, line -> {});
    }

    static RunStart start(Path folder, int total, int done, Consumer<String> notices) {
        return new RunStart(
                "pretrain",
                JsonNodeFactory.instance
                        .objectNode()
                        .put("name", "pretrain")
                        .put("learningRate", 2e-3)
                        .put("convMode", "<plain>"),
                total,
                new TrainingTotals(done, 0, 0, 0, 0, 4L * done, 0, 0, null, 0, List.of(4L * done), null),
                folder,
                SameDiff.create(),
                new CosineScheduleWithWarmup(2e-3, 0, total),
                notices);
    }

    static double loss(int step) {
        return 0.4 + 8 * Math.exp(-step / 60.0) + 0.2 * Math.sin(step * 1.7);
    }

    static Progress progress(int step, int total, long elapsedMs) {
        double loss = loss(step);
        Trainer.Step values = new Trainer.Step(
                step,
                loss,
                0.5 + loss / 4,
                new CosineScheduleWithWarmup(2e-3, total / 30, total).learningRate(step - 1));
        return new Progress(
                "pretrain",
                values,
                total,
                loss + 0.01,
                4L * step,
                12.5,
                1200 + step % 7,
                0.04,
                null,
                0.25,
                (1390L + step % 3) << 20,
                elapsedMs,
                1000L * (total - step));
    }
}
