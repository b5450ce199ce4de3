package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages for invalid JSON do not mention classes or settings of the parser. */
class JsonErrorMessageTest {
    record Bound(int count, double rate, boolean on, String name, List<String> list, Bound inner) {}

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"count\": NaN}          | NaN is not a JSON value; use a number or null",
                "{\"rate\": -Infinity}     | invalid JSON",
                "{\"count\": \"x\"}        | \"count\": must be an integer",
                "{\"rate\": {}}            | \"rate\": must be a number",
                "{\"on\": \"maybe\"}       | \"on\": must be true or false",
                "{\"list\": 3}             | \"list\": must be a list",
                "{\"inner\": 3}            | \"inner\": must be an object",
                "{\"inner\": {\"on\": []}} | \"on\": must be true or false",
                "{\"nmae\": 1}             | unknown key \"nmae\"; known keys are count, inner",
                "{\"name\": \"a\"} {}      | there is content after the end of the value",
                "{\"name\": \"a\"          | Unexpected end-of-input",
                "{\"name\": // x           | Unexpected character",
                "{\"count\": 01}           | invalid JSON",
                "{\"count\": +1}           | invalid JSON",
                "{'count': 1}              | Unexpected character",
                "nonsense                  | Unrecognized token 'nonsense'",
                "{\"name\": \"a\", \"name\": \"b\"} | Duplicate field 'name'",
            })
    void messageOmitsParserInternals(String json, String message) {
        byte[] content = json.getBytes(StandardCharsets.UTF_8);
        assertRejected(() -> JsonInput.parse("x.json", content, Bound.class), message);
    }

    @ParameterizedTest
    @CsvSource({"[, nesting depth is 1001", "9, length is 5000"})
    void messageContainsLimit(String part, String message) {
        byte[] content = ("{\"count\": " + part.repeat(5000)).getBytes(StandardCharsets.UTF_8);
        assertRejected(() -> JsonInput.parse("x.json", content), message);
    }

    private static void assertRejected(ThrowingCallable parse, String message) {
        assertThatThrownBy(parse)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("x.json")
                .hasMessageContaining(message)
                .message()
                .doesNotContain("Feature", "Source:", "Constraints", "`", "org.llava4j", "java.", "enable");
    }
}
