package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;

class ProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void lineShowsAllMetrics() {
        assertThat(ProgressLine.text(at(120, 4652, 0, 5_025_000)))
                .isEqualTo("pretrain 120/4652  loss 2.3142  lr 1.90e-03  grad norm 0.84  1235 tokens/s  targets 25 %"
                        + "  padding 4 %  1390 MB  1:23:45 left");
    }

    @Test
    void terminalLineIsOverwritten() {
        ProgressLine line = new ProgressLine(new StatusLine(out, true));
        line.stepDone(at(1, 3, 0, 3_600_000));
        line.stepDone(at(2, 3, 50, 1000));
        line.stepDone(at(3, 3, 60, 0));
        line.trainingEnded();
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertThat(text).startsWith("\rpretrain 1/3").contains("\rpretrain 3/3").doesNotContain("2/3");
        assertThat(text.indexOf('\n')).isEqualTo(text.length() - 1);
    }

    @Test
    void logLinesAreRateLimited() {
        ProgressLine line = new ProgressLine(new StatusLine(out, false));
        for (int step = 1; step <= 100; step++) {
            line.stepDone(at(step, 100, 500L * step, 0));
        }
        line.trainingEnded();
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines().map(text -> text.split(" ")[1]))
                .containsExactly("1/100", "21/100", "41/100", "61/100", "81/100", "100/100");
    }

    @Test
    void smoothedLossStartsAtFirstLoss() {
        ProgressMeter meter = new ProgressMeter("x", 200, TrainingTotals.NONE);
        TrainingTotals.StepCounts seen = new TrainingTotals.StepCounts(4, 40, 2, 0, 10, List.of(4L));
        TrainingTotals totals = TrainingTotals.NONE.plus(5, seen);
        assertThat(meter.after(new Trainer.Step(1, 5, 1, 1), totals).smoothedLoss())
                .isEqualTo(5);
        Progress last = null;
        for (int step = 2; step <= 200; step++) {
            totals = totals.plus(2, seen);
            last = meter.after(new Trainer.Step(step, 2, 1, 1), totals);
        }
        assertThat(last.smoothedLoss()).isCloseTo(2, within(1e-3));
        assertThat(last.samples()).isEqualTo(800);
        assertThat(last.paddingShare()).isEqualTo(0.05);
        assertThat(last.targetTokenShare()).isEqualTo(0.25);
        assertThat(last.rssBytes()).isPositive();
        assertThat(last.remainingMs()).isZero();
    }

    private static Progress at(int step, int of, long elapsedMs, long remainingMs) {
        Trainer.Step values = new Trainer.Step(step, 2.5, 0.84, 1.9e-3);
        return new Progress(
                "pretrain",
                values,
                of,
                2.31415,
                1000,
                12.34,
                1234.5,
                0.04,
                null,
                0.25,
                1390L << 20,
                elapsedMs,
                remainingMs);
    }
}
