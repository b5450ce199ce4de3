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
     * Parses {@code retry-after-ms} (OpenAI's own) or {@code Retry-After} (RFC 9110: seconds or a date). A date is
     * compared with the {@code Date} of the response, because the clock of this machine may be wrong.
     *
     * @param now time of this machine, for a response without {@code Date}
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
        return seconds == null ? until(date(value), headers, now) : seconds;
    }

    private static @Nullable Duration number(String value, int unitMs) {
        try {
            double ms = Double.parseDouble(value.strip()) * unitMs;
            return ms >= 0 && ms < Long.MAX_VALUE ? Duration.ofMillis((long) Math.ceil(ms)) : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static @Nullable Duration until(@Nullable Instant then, HttpHeaders headers, Instant now) {
        if (then == null) {
            return null;
        }
        Instant sent = headers.firstValue("date").map(RetryAfter::date).orElse(now);
        return then.isAfter(sent) ? Duration.between(sent, then) : Duration.ZERO;
    }

    private static @Nullable Instant date(String value) {
        try {
            return DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.strip(), Instant::from);
        } catch (DateTimeException e) {
            return null;
        }
    }
}
