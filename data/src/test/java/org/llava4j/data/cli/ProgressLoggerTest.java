package org.llava4j.data.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How far a long work is, every few seconds. */
class ProgressLoggerTest {
    @Test
    void addPrintsRateAndRemainingTime() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        AtomicLong now = new AtomicLong();
        ProgressLogger progress =
                new ProgressLogger("captions", 4000, new PrintStream(said, true, StandardCharsets.UTF_8), now::get);
        for (int second = 1; second <= 11; second++) {
            now.addAndGet(1_000_000_000L);
            progress.add(100);
        }
        assertThat(said.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "500 of 4,000 captions, 100 a second, 35 s left",
                        "1,000 of 4,000 captions, 100 a second, 30 s left");
    }
}
