package org.llava4j.data.llm;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Parser of the headers that request a wait before a retry. */
final class RetryAfter {
    private RetryAfter() {}

    /**
     * Parses {@code retry-after-ms} (OpenAI's own) or {@code Retry-After} (RFC 9110: seconds or a date).
     *
     * @return the wait, or null if both are absent or invalid
     */
    static @Nullable Duration of(HttpHeaders headers, Instant now) {
        Duration exact = headers.firstValue("retry-after-ms")
                .map(value -> number(value, 1))
                .orElse(null);
        if (exact != null) {
            return exact;
        }
        String value = headers.firstValue("retry-after").orElse(null);
        if (value == null) {
            return null;
        }
        Duration seconds = number(value, 1000);
        return seconds == null ? date(value, now) : seconds;
    }

    private static @Nullable Duration number(String value, int unitMs) {
        try {
            double ms = Double.parseDouble(value.strip()) * unitMs;
            return ms >= 0 && ms < Long.MAX_VALUE ? Duration.ofMillis((long) Math.ceil(ms)) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Duration date(String value, Instant now) {
        try {
            Instant then = DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.strip(), Instant::from);
            return then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO;
        } catch (DateTimeException e) {
            return null;
        }
    }
}
