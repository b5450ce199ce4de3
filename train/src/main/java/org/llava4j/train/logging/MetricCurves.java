package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.plot.DownsampledCurve;

/** Curves of a run's metrics for {@code run.html}. */
final class MetricCurves {
    private static final int MAIN_COLUMNS = 512;
    private static final int SMALL_COLUMNS = 256;

    final DownsampledCurve loss = new DownsampledCurve(MAIN_COLUMNS);
    final DownsampledCurve smoothedLoss = new DownsampledCurve(MAIN_COLUMNS);
    final DownsampledCurve validationLoss = new DownsampledCurve(SMALL_COLUMNS);
    final DownsampledCurve validationAccuracy = new DownsampledCurve(SMALL_COLUMNS);
    final DownsampledCurve learningRate = new DownsampledCurve(SMALL_COLUMNS);
    final DownsampledCurve gradNorm = new DownsampledCurve(SMALL_COLUMNS);
    final DownsampledCurve tokensPerSecond = new DownsampledCurve(SMALL_COLUMNS);
    final DownsampledCurve memoryMb = new DownsampledCurve(SMALL_COLUMNS);

    /** Reads the curves from a {@code metrics.jsonl}; they are empty if the file does not exist. */
    static MetricCurves of(Path log) {
        MetricCurves curves = new MetricCurves();
        if (Files.exists(log)) {
            MetricsLog.read(log, curves::add);
        }
        return curves;
    }

    private void add(JsonNode line) {
        int step = line.path("step").asInt();
        add(loss, step, line.path("loss"));
        add(smoothedLoss, step, line.path("smoothed_loss"));
        add(validationLoss, step, line.path("validation_loss"));
        add(validationAccuracy, step, line.path("validation_accuracy"));
        add(learningRate, step, MetricsLog.learningRate(line));
        add(gradNorm, step, line.path("grad_norm"));
        add(tokensPerSecond, step, line.path("tokens_per_second"));
        add(memoryMb, step, line.path("rss_mb"));
    }

    private static void add(DownsampledCurve curve, int step, JsonNode value) {
        if (value.isNumber()) {
            curve.add(step, value.doubleValue());
        }
    }

    void add(Progress progress) {
        int step = progress.step().step();
        loss.add(step, progress.step().loss());
        smoothedLoss.add(step, progress.smoothedLoss());
        learningRate.add(step, progress.step().learningRate());
        gradNorm.add(step, progress.step().gradNorm());
        tokensPerSecond.add(step, progress.tokensPerSecond());
        memoryMb.add(step, progress.rssBytes() >> 20);
    }

    void add(int step, ValidationResult result) {
        validationLoss.add(step, result.loss());
        if (result.accuracy() != null) {
            validationAccuracy.add(step, result.accuracy());
        }
    }
}
