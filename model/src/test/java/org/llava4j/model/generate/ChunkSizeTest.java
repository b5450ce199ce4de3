package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

class ChunkSizeTest {
    private static final long MILLI = 1_000_000;

    private final ChunkSize size = new ChunkSize();

    @Test
    void sizeIsUnlimitedWithoutMaximumPause() {
        size.chunkTook(100, 1000 * MILLI);
        assertThat(size.isLimited()).isFalse();
        assertThat(size.tokens()).isEqualTo(Integer.MAX_VALUE);
        assertThat(size.visionNanos()).isEqualTo(Long.MAX_VALUE);
        size.setMaxPause(Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(size.isLimited()).isFalse();
    }

    @Test
    void firstChunkIsSmallAndNextOnesGrowUpToLimit() {
        size.setMaxPause(Duration.ofMillis(1000));
        assertThat(size.tokens()).isEqualTo(16);
        size.stepTook(200 * MILLI);
        size.chunkTook(16, 160 * MILLI);
        assertThat(size.tokens()).isEqualTo(32);
        size.chunkTook(32, 320 * MILLI);
        // 800 ms of the limit are planned for, less 200 ms of the decode step, at 10 ms a token.
        assertThat(size.tokens()).isEqualTo(60);
        size.chunkTook(60, 1200 * MILLI);
        assertThat(size.tokens()).isEqualTo(30);
    }

    @Test
    void slowDecodeStepLeavesSomeTimeToPrefill() {
        size.setMaxPause(Duration.ofMillis(100));
        size.stepTook(400 * MILLI);
        size.chunkTook(32, 160 * MILLI);
        assertThat(size.tokens()).isEqualTo(16);
        assertThat(size.visionNanos()).isEqualTo(200 * MILLI);
        size.stepTook(20 * MILLI);
        assertThat(size.visionNanos()).isEqualTo(60 * MILLI);
    }

    @Test
    void shortLastChunkDoesNotPredictOthers() {
        size.setMaxPause(Duration.ofMillis(1000));
        size.chunkTook(100, 500 * MILLI);
        size.chunkTook(1, 90 * MILLI);
        size.chunkTook(0, 90 * MILLI);
        assertThat(size.tokens()).isEqualTo(160);
    }

    @Test
    void setMaxPauseRejectsZero() {
        assertThatThrownBy(() -> size.setMaxPause(Duration.ZERO))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("more than 0");
    }
}
