package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Progress lines with rate and remaining time. */
class ProgressLoggerTest {
    @Test
    void addPrintsRateAndRemainingTime() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AtomicLong now = new AtomicLong();
        ProgressLogger progress =
                new ProgressLogger("captions", 4000, new PrintStream(out, true, StandardCharsets.UTF_8), now::get);
        for (int second = 1; second <= 11; second++) {
            now.addAndGet(1_000_000_000L);
            progress.add(100);
        }
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "500 of 4,000 captions, 100/s, 35 s left", "1,000 of 4,000 captions, 100/s, 30 s left");
    }
}
