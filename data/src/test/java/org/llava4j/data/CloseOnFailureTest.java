package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CloseOnFailureTest {
    private final AtomicInteger closed = new AtomicInteger();

    @Test
    void resultKeepsResourceOpen() {
        assertThat(CloseOnFailure.run(closed::incrementAndGet, () -> "result")).isEqualTo("result");
        assertThat(closed).hasValue(0);
    }

    @Test
    void failureClosesOnceAndPassesThrough() {
        IOException failure = new IOException("failure");
        assertThatThrownBy(() -> CloseOnFailure.run(closed::incrementAndGet, () -> {
                    throw failure;
                }))
                .isSameAs(failure);
        assertThat(closed).hasValue(1);
    }

    @Test
    void failureOfCloseIsSuppressed() {
        IllegalStateException failure = new IllegalStateException("failure");
        Error ofClose = new AssertionError("close");
        assertThatThrownBy(() -> CloseOnFailure.run(
                        () -> {
                            throw ofClose;
                        },
                        () -> {
                            throw failure;
                        }))
                .isSameAs(failure)
                .hasSuppressedException(ofClose);
    }

    @Test
    void sameFailureOfCloseIsNotSuppressed() {
        IllegalStateException failure = new IllegalStateException("failure");
        assertThatThrownBy(() -> CloseOnFailure.run(
                        () -> {
                            throw failure;
                        },
                        () -> {
                            throw failure;
                        }))
                .isSameAs(failure)
                .hasNoSuppressedExceptions();
    }
}
