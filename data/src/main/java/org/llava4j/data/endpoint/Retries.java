package org.llava4j.data.endpoint;

import java.time.Duration;
import java.util.Optional;
import org.llava4j.data.BadInputException;

/**
 * Retry policy: exponential backoff with jitter, so that calls which failed together do not come back together. An
 * endpoint that asks for a longer wait gets it; a shorter one, such as {@code Retry-After: 0}, never shortens the backoff.
 *
 * @param tries of one call in one run, 1 or more
 * @param firstMs before the second try
 * @param longestMs before any try, unless the endpoint asks for more
 */
public record Retries(int tries, long firstMs, long longestMs) {
    public static final Retries DEFAULT = new Retries(6, 1000, 60_000);

    // An endpoint that wants to be left alone for longer than this has no more to give today.
    static final Duration LONGEST_ASKED = Duration.ofMinutes(15);

    public Retries {
        if (tries < 1 || firstMs < 0 || longestMs < firstMs) {
            throw new BadInputException(
                    "tries " + tries + ", waits " + firstMs + " to " + longestMs + " ms; give 1 try or more");
        }
    }

    /** Milliseconds before the try after {@code failed} tries; {@code key} makes the chance of it. */
    long waitMs(int failed, String key, Optional<Duration> asked) {
        long doubled = Math.min(longestMs, firstMs << Math.min(failed - 1, 30));
        int chance = Math.floorMod((key + failed).hashCode(), 500);
        long backoff = doubled - doubled * chance / 1000;
        return Math.max(backoff, asked.map(Duration::toMillis).orElse(0L));
    }
}
