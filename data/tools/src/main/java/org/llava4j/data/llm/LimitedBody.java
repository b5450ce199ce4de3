package org.llava4j.data.llm;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The body of a response in memory, up to a number of bytes. A larger one fails, and its connection ends. */
final class LimitedBody implements BodySubscriber<byte[]> {
    /** Reports a body that is too large. */
    static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1;

        TooLargeException(long max) {
            super("the answer has more than " + max + " bytes");
        }
    }

    private final BodySubscriber<byte[]> bytes = BodySubscribers.ofByteArray();
    private final long max;
    private long received;
    private Flow.@Nullable Subscription subscription;

    LimitedBody(long max) {
        this.max = max;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return bytes.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription started) {
        subscription = started;
        bytes.onSubscribe(started);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
        received += parts.stream().mapToLong(ByteBuffer::remaining).sum();
        if (received <= max) {
            bytes.onNext(parts);
            return;
        }
        if (subscription != null) {
            subscription.cancel();
        }
        bytes.onError(new TooLargeException(max));
    }

    @Override
    public void onError(Throwable failure) {
        bytes.onError(failure);
    }

    @Override
    public void onComplete() {
        bytes.onComplete();
    }
}
