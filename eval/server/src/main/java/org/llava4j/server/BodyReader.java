package org.llava4j.server;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/** Reader of the body of a request. It runs when a part has arrived, so that no thread waits for a client. */
final class BodyReader implements Runnable {
    private final Request request;
    private final int maxBytes;
    private final Duration timeout;
    private final RequestMemoryBudget.Reservation memory;
    private final Exchange exchange;
    private final Consumer<RequestBody> onBody;
    private final long startNanos = System.nanoTime();

    /**
     * A reader, which {@link #run} starts.
     *
     * @param memory grows with the body; closed if reading fails
     * @param exchange ends if reading fails
     * @param onBody receives the body on a thread that may block
     */
    BodyReader(
            Request request,
            Exchange exchange,
            ServerOptions options,
            RequestMemoryBudget.Reservation memory,
            Consumer<RequestBody> onBody) {
        this.request = request;
        this.exchange = exchange;
        maxBytes = options.maxBodyBytes();
        timeout = options.bodyTimeout();
        this.memory = memory;
        this.onBody = onBody;
    }

    @Override
    public void run() {
        RequestBody body;
        try {
            if (!readAvailable()) {
                request.demand(this);
                return;
            }
            body = new RequestBody(memory.complete(), memory);
        } catch (ApiException e) {
            memory.close();
            exchange.send(e);
            return;
        } catch (IOException e) {
            memory.close();
            exchange.abort(e);
            return;
        }
        onBody.accept(body);
    }

    /** Reads what has arrived; returns whether it was the end. */
    private boolean readAvailable() throws IOException {
        if (request.getLength() > maxBytes) {
            throw tooLarge();
        }
        for (Content.Chunk chunk = request.read(); chunk != null; chunk = request.read()) {
            if (Content.Chunk.isFailure(chunk)) {
                throw failure(chunk.getFailure());
            }
            append(chunk);
            if (chunk.isLast()) {
                return true;
            }
            if (System.nanoTime() - startNanos > timeout.toNanos()) {
                throw timedOut();
            }
        }
        return false;
    }

    private void append(Content.Chunk chunk) {
        try {
            if (memory.size() + chunk.remaining() > maxBytes) {
                throw tooLarge();
            }
            memory.append(chunk.getByteBuffer());
        } finally {
            chunk.release();
        }
    }

    private IOException failure(Throwable failure) {
        if (failure instanceof TimeoutException || failure.getCause() instanceof TimeoutException) {
            throw timedOut();
        }
        return new IOException("the client is disconnected", failure);
    }

    private ApiException tooLarge() {
        return ApiException.rejected(
                413, "request_too_large", "the body has more than " + maxBytes + " bytes; send smaller images");
    }

    private ApiException timedOut() {
        return new ApiException(
                408,
                "timeout_error",
                null,
                "request_timeout",
                "the body was not received within " + timeout.toSeconds() + " s");
    }
}
