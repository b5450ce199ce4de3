package org.llava4j.data.llm;

import java.time.Duration;
import java.util.Optional;
import org.llava4j.data.BadInputException;

/**
 * Retry policy: exponential backoff with jitter, so that calls which failed together do not come back together. An
 * endpoint that asks for a longer wait gets it; a shorter one, such as {@code Retry-After: 0}, never shortens the backoff.
 *
 * @param maxAttempts of one call in one run, 1 or more
 * @param initialBackoffMs before the second try
 * @param maxBackoffMs before any try, unless the endpoint asks for more
 */
public record RetryPolicy(int maxAttempts, long initialBackoffMs, long maxBackoffMs) {
    public static final RetryPolicy DEFAULT = new RetryPolicy(6, 1000, 60_000);

    // An endpoint that wants to be left alone for longer than this has no more to give today.
    static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(15);

    public RetryPolicy {
        if (maxAttempts < 1 || initialBackoffMs < 0 || maxBackoffMs < initialBackoffMs) {
            throw new BadInputException("tries " + maxAttempts + ", waits " + initialBackoffMs + " to " + maxBackoffMs
                    + " ms; give 1 try or more");
        }
    }

    /** Milliseconds before the try after {@code failed} tries; {@code key} makes the chance of it. */
    long backoffMs(int failed, String key, Optional<Duration> asked) {
        long doubled = Math.min(maxBackoffMs, initialBackoffMs << Math.min(failed - 1, 30));
        int chance = Math.floorMod((key + failed).hashCode(), 500);
        long backoff = doubled - doubled * chance / 1000;
        return Math.max(backoff, asked.map(Duration::toMillis).orElse(0L));
    }
}
