package org.llava4j.server;

import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;

/**
 * Drops the rest of the body of a rejected request, since a connection that is closed with unread bytes loses the response.
 * It runs when a part has arrived, and gives up after a time and a number of bytes.
 */
final class BodyDrain implements Runnable {
    private static final long MAX_BYTES = 16 << 20;
    private static final long MAX_MILLIS = 2_000;

    private final Request request;
    private final Callback end;
    private final long startNanos = System.nanoTime();
    private long bytes;

    private BodyDrain(Request request, Callback end) {
        this.request = request;
        this.end = end;
    }

    /** A callback that drains the body of a request before it ends it. */
    static Callback before(Callback end, Request request) {
        return Callback.from(
                () -> {
                    // The connection closes after this response, so its idle time is this request's alone.
                    request.getConnectionMetaData()
                            .getConnection()
                            .getEndPoint()
                            .setIdleTimeout(MAX_MILLIS);
                    new BodyDrain(request, end).run();
                },
                end::failed);
    }

    @Override
    public void run() {
        while (bytes < MAX_BYTES && System.nanoTime() - startNanos < TimeUnit.MILLISECONDS.toNanos(MAX_MILLIS)) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                break;
            }
            bytes += chunk.remaining();
            chunk.release();
            if (chunk.isLast()) {
                break;
            }
        }
        end.succeeded();
    }
}
