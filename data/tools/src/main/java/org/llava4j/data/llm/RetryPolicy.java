package org.llava4j.data.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Retry policy: exponential backoff with jitter, so that requests which failed together are not retried together. A
 * longer wait that the endpoint requests takes precedence; a shorter one, such as {@code Retry-After: 0}, does not
 * shorten the backoff.
 *
 * @param maxAttempts attempts of one request in one run, 1 or more
 * @param initialBackoffMs wait before the second attempt
 * @param maxBackoffMs maximum wait before any attempt, unless the endpoint requests more
 */
record RetryPolicy(int maxAttempts, long initialBackoffMs, long maxBackoffMs) {
    /** Six attempts with backoff from 1 s to 60 s. */
    static final RetryPolicy DEFAULT = new RetryPolicy(6, 1000, 60_000);

    // A run stops if the endpoint requests a longer wait than this.
    static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(15);

    public RetryPolicy {
        if (maxAttempts < 1 || initialBackoffMs < 0 || maxBackoffMs < initialBackoffMs) {
            throw new BadInputException("attempts " + maxAttempts + ", backoff " + initialBackoffMs + " to "
                    + maxBackoffMs + " ms; give 1 attempt or more, and a maximum backoff of at least the first");
        }
    }

    /** Returns the wait in ms before the attempt after {@code failed} attempts; {@code key} seeds the jitter. */
    long backoffMs(int failed, String key, @Nullable Duration retryAfter) {
        long doubled = Math.min(maxBackoffMs, initialBackoffMs << Math.min(failed - 1, 30));
        int jitter = Math.floorMod((key + failed).hashCode(), 500);
        long backoff = doubled - doubled * jitter / 1000;
        return retryAfter == null ? backoff : Math.max(backoff, retryAfter.toMillis());
    }
}
