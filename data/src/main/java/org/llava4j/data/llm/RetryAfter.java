package org.llava4j.data.llm;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Function;

/** Parser of the headers that request a wait before a retry. */
final class RetryAfter {
    private RetryAfter() {}

    /**
     * Parses {@code retry-after-ms} (OpenAI's own) or {@code Retry-After} (RFC 9110: seconds or a date).
     *
     * @param header returns the value of a header, if present
     * @return empty if both are absent or invalid
     */
    static Optional<Duration> of(Function<String, Optional<String>> header, Instant now) {
        Optional<Duration> exact = header.apply("retry-after-ms").flatMap(value -> number(value, 1));
        return exact.isPresent()
                ? exact
                : header.apply("retry-after").flatMap(value -> {
                    Optional<Duration> seconds = number(value, 1000);
                    return seconds.isPresent() ? seconds : date(value, now);
                });
    }

    private static Optional<Duration> number(String value, int unitMs) {
        try {
            double ms = Double.parseDouble(value.strip()) * unitMs;
            return ms >= 0 && ms < Long.MAX_VALUE
                    ? Optional.of(Duration.ofMillis((long) Math.ceil(ms)))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Duration> date(String value, Instant now) {
        try {
            Instant then = DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.strip(), Instant::from);
            return Optional.of(then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
