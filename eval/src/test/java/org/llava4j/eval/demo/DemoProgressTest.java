package org.llava4j.eval.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.llava4j.train.Trainer;
import org.llava4j.train.logging.Progress;
import org.llava4j.train.logging.StatusLine;

class DemoProgressTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final AtomicLong nanos = new AtomicLong(5_000_000_000L);

    private DemoProgress progress(boolean terminal) {
        return new DemoProgress(new StatusLine(out, terminal), nanos::get);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private void pass(double seconds) {
        nanos.addAndGet((long) (seconds * 1e9));
    }

    private static Progress step(int step) {
        Trainer.Step values = new Trainer.Step(step, 2.5, 0.84, 1.9e-3);
        return new Progress("tiny", values, 400, 1.2344, 100, 1, 1, 0, null, 0.5, 1, 1000, 83_000);
    }

    @Test
    void terminalShowsPartStepLossAndTimeLeft() {
        try (DemoProgress progress = progress(true)) {
            progress.run(DemoPart.STAGE_1, () -> {
                pass(1);
                progress.stepDone(step(123));
                return true;
            });
        }
        assertThat(printed())
                .contains("\r[4/10] stage 1  step 123 of 400  loss 1.234  0:01:23 left")
                .doesNotContain("\n")
                .endsWith("\r");
    }

    @Test
    void terminalUpdatesAreLimitedInRateExceptTheLast() {
        try (DemoProgress progress = progress(true)) {
            progress.run(DemoPart.STAGE_1, () -> {
                progress.stepDone(step(1));
                pass(0.1);
                progress.stepDone(step(2));
                pass(0.15);
                progress.stepDone(step(3));
                progress.stepDone(step(400));
                return true;
            });
        }
        assertThat(printed()).contains("step 1 of", "step 3 of", "step 400 of").doesNotContain("step 2 of");
    }

    @Test
    void evaluationEstimatesTheTimeLeftFromItsOwnSpeed() {
        try (DemoProgress progress = progress(true)) {
            progress.run(DemoPart.EVALUATE_BEFORE, () -> {
                pass(10);
                progress.answered(32, 96);
                return true;
            });
        }
        assertThat(printed()).contains("problem 32 of 96  0:00:20 left");
    }

    @Test
    void elsewhereOnlyStartAndEndOfAPartAreLines() {
        try (DemoProgress progress = progress(false)) {
            progress.run(DemoPart.WRITE_DATASET, () -> {
                pass(12);
                progress.stepDone(step(3));
                progress.answered(1, 2);
                progress.notice("the cache is full");
                return true;
            });
            assertThat(progress.notices()).containsExactly("write the synthetic dataset: the cache is full");
            assertThat(progress.seconds())
                    .containsOnlyKeys(DemoPart.WRITE_DATASET)
                    .containsValue(12.0);
        }
        assertThat(printed())
                .isEqualTo("[1/10] write the synthetic dataset\n[1/10] write the synthetic dataset: 12 s\n");
    }
}
