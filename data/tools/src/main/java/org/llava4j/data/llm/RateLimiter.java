package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * Rate limiter of requests and tokens per minute. It spaces requests evenly: each delays the next by its share of the
 * minute, so that no minute exceeds the limit, not even the first (a full token bucket would let twice as many
 * through). Thread-safe.
 */
final class RateLimiter {
    private static final double MINUTE_MS = 60_000;

    private final double requestMs;
    private final double tokenMs;
    private final MonotonicClock clock;
    private double nextRequest;
    private double nextTokens;
    private long pausedUntilMs = Long.MIN_VALUE;

    /**
     * Creates a rate limiter.
     *
     * @param requestsPerMinute 0 for no limit
     * @param tokensPerMinute 0 for no limit
     */
    RateLimiter(long requestsPerMinute, long tokensPerMinute, MonotonicClock clock) {
        if (requestsPerMinute < 0 || tokensPerMinute < 0) {
            throw new BadInputException("a limit per minute is negative; give 1 or more, or 0 for no limit");
        }
        requestMs = requestsPerMinute == 0 ? 0 : MINUTE_MS / requestsPerMinute;
        tokenMs = tokensPerMinute == 0 ? 0 : MINUTE_MS / tokensPerMinute;
        this.clock = clock;
        nextRequest = clock.millis();
        nextTokens = nextRequest;
    }

    /**
     * Reserves a time slot for a request.
     *
     * @return the time in ms at which it may be sent
     */
    synchronized long reserve(long tokens) {
        double moment = Math.max(Math.max(nextRequest, nextTokens), Math.max(clock.millis(), pausedUntilMs));
        nextRequest = moment + requestMs;
        nextTokens = moment + tokens * tokenMs;
        return (long) Math.ceil(moment);
    }

    /**
     * Pauses all requests, as an endpoint asks for; requests with an earlier slot must check {@link #pausedUntil()}.
     */
    synchronized void pauseFor(long ms) {
        pausedUntilMs = Math.max(pausedUntilMs, clock.millis() + ms);
    }

    /** Returns the time in ms before which no request may be sent. */
    synchronized long pausedUntil() {
        return pausedUntilMs;
    }
}
