package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FingerprintTest {
    private record Result(Fingerprint identity) {}

    private static Fingerprint of(String json) {
        return new Fingerprint.Builder()
                .addAll("", JsonInput.parse("test", json.getBytes(StandardCharsets.UTF_8)))
                .build();
    }

    @Test
    void differencesNameBothValues() {
        Fingerprint before = of("{\"rate\": 0.1, \"optimizer\": {\"eps\": 1e-8, \"beta\": 0.9}, \"gone\": [1, 2]}");
        Fingerprint now = of("{\"rate\": 0.2, \"optimizer\": {\"eps\": 1e-6, \"beta\": 0.9}, \"new\": \"x\"}");
        assertThat(before.differences(now))
                .containsExactly(
                        "\"rate\" was 0.1 and is 0.2",
                        "\"optimizer.eps\" was 1.0E-8 and is 1.0E-6",
                        "\"gone\" was [1,2] and is absent",
                        "\"new\" was absent and is \"x\"");
        assertThat(before.differences(now, name -> name.equals("rate"))).hasSize(1);
        assertThat(before.differences(before)).isEmpty();
    }

    @Test
    void jsonRoundTripsFingerprint() {
        Result result = new Result(of("{\"b\": 1, \"a\": {\"c\": null}}"));
        byte[] json = JsonInput.write(result).getBytes(StandardCharsets.UTF_8);
        assertThat(JsonInput.parse("test", json, Result.class)).isEqualTo(result);
    }

    @Test
    void summarizeAbbreviatesLongList() {
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            many.add("d" + i);
        }
        assertThat(Fingerprint.summarize(many)).isEqualTo("d0; d1; d2; d3; d4; d5; d6; d7; and 2 more");
        assertThat(Fingerprint.summarize(List.of("one"))).isEqualTo("one");
    }

    @Test
    void addRejectsDuplicateName() {
        Fingerprint.Builder builder = new Fingerprint.Builder().add("a", 1);
        assertThatThrownBy(() -> builder.add("a", 1)).isInstanceOf(IllegalStateException.class);
    }
}
