package org.llava4j.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Watch over one request: its time limit, whether it still has its place and its client is connected, and whether the server
 * stops. Long work calls {@link #check} often.
 */
final class RequestWatch {
    /** Time to send the error response or event of a request that is not complete in time. */
    static final Duration ERROR_RESPONSE_TIME = Duration.ofSeconds(2);

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Exchange exchange;
    private final ServerOptions options;
    private final RequestPlaces.Place place;
    private final BooleanSupplier isServerEnding;
    private final long startNanos = System.nanoTime();
    private long lastPoll = startNanos;

    /**
     * Starts the time of a request.
     *
     * @param place of the request, which another client's may take
     * @param isServerEnding whether running requests must end because the server stops
     */
    RequestWatch(Exchange exchange, ServerOptions options, RequestPlaces.Place place, BooleanSupplier isServerEnding) {
        this.place = place;
        this.isServerEnding = isServerEnding;
        this.exchange = exchange;
        this.options = options;
    }

    /** Reports that the client of a request is disconnected. */
    static final class ClientGoneException extends RuntimeException {
        private static final long serialVersionUID = 1;

        ClientGoneException() {
            super("the client is disconnected");
        }
    }

    /** The client, or the proxy that it uses. */
    ClientAddress client() {
        return exchange.client();
    }

    /**
     * Checks the request.
     *
     * @throws ApiException if its time is over, another client takes its place, or the server stops
     * @throws ClientGoneException if its client is disconnected
     */
    void check() {
        RuntimeException failure = failure();
        if (failure != null) {
            throw failure;
        }
    }

    /** Whether the time limit is over. */
    boolean isOverdue() {
        return System.nanoTime() - startNanos > options.timeout().toNanos();
    }

    /**
     * Closes the connection if the request does not end within its time limit and the time to send an error. Ends the
     * stream of a stalled client.
     */
    void closeWhenOverdue() {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
        exchange.closeAfter(options.timeout().plus(ERROR_RESPONSE_TIME).minus(elapsed));
    }

    /** Why the request need not go on; null if it should. */
    @Nullable
    RuntimeException failure() {
        if (isServerEnding.getAsBoolean()) {
            return ApiException.stopping();
        }
        if (place.isDisplaced()) {
            return RequestPlaces.displaced();
        }
        long now = System.nanoTime();
        if (isOverdue()) {
            return ApiException.timeout(
                    "the answer was not complete after " + options.timeout().toSeconds() + " s");
        }
        if (now - lastPoll > POLL_NANOS) {
            lastPoll = now;
            if (exchange.isClientDisconnected()) {
                return new ClientGoneException();
            }
        }
        return null;
    }
}
