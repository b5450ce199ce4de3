package org.llava4j.data.llm;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits that an endpoint requests, on a machine whose clock is right or wrong. */
class RetryAfterTest {
    private static final Instant SENT = Instant.parse("2026-11-30T12:00:00Z");
    private static final String SENT_DATE = "Mon, 30 Nov 2026 12:00:00 GMT";
    private static final String HALF_A_MINUTE_LATER = "Mon, 30 Nov 2026 12:00:30 GMT";

    @ParameterizedTest
    @ValueSource(longs = {0, -3600, 3600})
    void dateIsComparedWithDateOfResponse(long clockErrorSeconds) {
        assertThat(wait(clockErrorSeconds, "Retry-After", HALF_A_MINUTE_LATER, "Date", SENT_DATE))
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(wait(clockErrorSeconds, "Retry-After", SENT_DATE, "Date", HALF_A_MINUTE_LATER))
                .isEqualTo(Duration.ZERO);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -3600, 3600})
    void secondsDoNotDependOnClock(long clockErrorSeconds) {
        assertThat(wait(clockErrorSeconds, "Retry-After", "30", "Date", SENT_DATE))
                .isEqualTo(Duration.ofSeconds(30));
        assertThat(wait(clockErrorSeconds, "Retry-After", "30", "retry-after-ms", "250"))
                .isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void dateIsComparedWithClockIfResponseHasNoDate() {
        assertThat(wait(0, "Retry-After", HALF_A_MINUTE_LATER)).isEqualTo(Duration.ofSeconds(30));
        assertThat(wait(0, "Retry-After", HALF_A_MINUTE_LATER, "Date", "today")).isEqualTo(Duration.ofSeconds(30));
        // A run does not wait that long: RetryPolicy.MAX_RETRY_AFTER ends it.
        assertThat(wait(-3600, "Retry-After", HALF_A_MINUTE_LATER)).isGreaterThan(RetryPolicy.MAX_RETRY_AFTER);
        assertThat(wait(0, "Retry-After", "soon", "Date", SENT_DATE)).isNull();
    }

    private static Duration wait(long clockErrorSeconds, String... headers) {
        Map<String, List<String>> all = new HashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            all.put(headers[i], List.of(headers[i + 1]));
        }
        return RetryAfter.of(HttpHeaders.of(all, (name, value) -> true), SENT.plusSeconds(clockErrorSeconds));
    }
}
