package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Broken JSON is told in words for its author, without a parser's classes and settings. */
class JsonErrorMessageTest {
    record Bound(int count, double rate, boolean on, String name, List<String> list, Bound inner) {}

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"count\": NaN}          | NaN is no JSON value; write a number or null",
                "{\"rate\": -Infinity}     | broken JSON",
                "{\"count\": \"x\"}        | \"count\": must be a whole number",
                "{\"rate\": {}}            | \"rate\": must be a number",
                "{\"on\": \"maybe\"}       | \"on\": must be true or false",
                "{\"list\": 3}             | \"list\": must be a list",
                "{\"inner\": 3}            | \"inner\": must be an object",
                "{\"inner\": {\"on\": []}} | \"on\": must be true or false",
                "{\"nmae\": 1}             | the key \"nmae\" is not known; known are count, inner",
                "{\"name\": \"a\"} {}      | more follows after the end of the value",
                "{\"name\": \"a\"          | Unexpected end-of-input",
                "{\"name\": // x           | Unexpected character",
                "{\"count\": 01}           | broken JSON",
                "{\"count\": +1}           | broken JSON",
                "{'count': 1}              | Unexpected character",
                "nonsense                  | Unrecognized token 'nonsense'",
                "{\"name\": \"a\", \"name\": \"b\"} | Duplicate field 'name'",
            })
    void problemIsToldWithoutParserSettings(String json, String message) {
        byte[] content = json.getBytes(StandardCharsets.UTF_8);
        assertRefused(() -> JsonInput.parse("x.json", content, Bound.class), message);
    }

    @ParameterizedTest
    @CsvSource({"[, nesting depth is 1001", "9, length is 5000"})
    void limitIsToldAsANumber(String part, String message) {
        byte[] content = ("{\"count\": " + part.repeat(5000)).getBytes(StandardCharsets.UTF_8);
        assertRefused(() -> JsonInput.parse("x.json", content), message);
    }

    private static void assertRefused(ThrowingCallable parse, String message) {
        assertThatThrownBy(parse)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("x.json")
                .hasMessageContaining(message)
                .message()
                .doesNotContain("Feature", "Source:", "Constraints", "`", "org.llava4j", "java.", "enable");
    }
}
