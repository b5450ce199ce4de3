package org.llava4j.data.llm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.llava4j.data.llm.LimitedBody.TooLargeException;

class LimitedBodyTest {
    private static final int MAX = 10;

    private final LimitedBody body = new LimitedBody(MAX);
    private boolean cancelled;

    private CompletableFuture<byte[]> receive(int... sizes) {
        body.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long parts) {}

            @Override
            public void cancel() {
                cancelled = true;
            }
        });
        for (int size : sizes) {
            body.onNext(List.of(ByteBuffer.allocate(size)));
        }
        return body.getBody().toCompletableFuture();
    }

    @Test
    void bodyOfTheLargestSizeIsReceived() {
        CompletableFuture<byte[]> bytes = receive(4, MAX - 4);
        assertThat(bytes).isNotDone();
        body.onComplete();
        assertThat(bytes).isCompletedWithValueMatching(all -> all.length == MAX);
        assertThat(cancelled).isFalse();
    }

    @Test
    void bodyOfOneMoreByteFailsAtOnce() {
        CompletableFuture<byte[]> bytes = receive(4, MAX - 4, 1);
        assertThat(cancelled).isTrue();
        assertThat(bytes)
                .isCompletedExceptionally()
                .failsWithin(0, TimeUnit.SECONDS)
                .withThrowableThat()
                .withCauseExactlyInstanceOf(TooLargeException.class)
                .withMessageContaining("more than 10 bytes");
    }
}
