package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * Spreads calls over time: so many a minute, and so many tokens. Each call takes its share of the minute from the next
 * one, so that no minute has more, not even the first (a bucket that starts full would let twice as many through).
 */
final class RateLimiter {
    private static final double MINUTE_MS = 60_000;

    private final double requestMs;
    private final double tokenMs;
    private final MonotonicClock time;
    private double nextRequest;
    private double nextTokens;
    private long pausedUntilMs = Long.MIN_VALUE;

    /** @param requestsPerMinute 0 for no limit; {@code tokensPerMinute} likewise */
    RateLimiter(long requestsPerMinute, long tokensPerMinute, MonotonicClock time) {
        if (requestsPerMinute < 0 || tokensPerMinute < 0) {
            throw new BadInputException("a limit per minute is negative; give 1 or more, or 0 for none");
        }
        requestMs = requestsPerMinute == 0 ? 0 : MINUTE_MS / requestsPerMinute;
        tokenMs = tokensPerMinute == 0 ? 0 : MINUTE_MS / tokensPerMinute;
        this.time = time;
        nextRequest = time.millis();
        nextTokens = nextRequest;
    }

    /** Takes a place in time for a call of so many tokens. @return the moment at which it may be sent */
    synchronized long reserve(long tokens) {
        double moment = Math.max(Math.max(nextRequest, nextTokens), Math.max(time.millis(), pausedUntilMs));
        nextRequest = moment + requestMs;
        nextTokens = moment + tokens * tokenMs;
        return (long) Math.ceil(moment);
    }

    /** The endpoint wants to be left alone for a while; whoever has a place before that asks {@link #pausedUntil()}. */
    synchronized void pauseFor(long ms) {
        pausedUntilMs = Math.max(pausedUntilMs, time.millis() + ms);
    }

    /** The moment before which nothing may be sent. */
    synchronized long pausedUntil() {
        return pausedUntilMs;
    }
}
