package org.llava4j.data.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/** Parser of error responses: {@code {"error": {"message": ...}}} in OpenAI's API. */
final class ErrorBody {
    private ErrorBody() {}

    /** Returns the error's message, or the whole body if it has another form. */
    static String message(String body) {
        return Objects.requireNonNullElse(error(body.getBytes(StandardCharsets.UTF_8)), body);
    }

    /**
     * Returns the error's message if a response has an error in place of choices, as some gateways send with status
     * 200.
     *
     * @return the message, or null if the response has choices, or no error
     */
    static @Nullable String insteadOfChoices(byte[] body) {
        return new String(body, StandardCharsets.UTF_8).contains("\"choices\"") ? null : error(body);
    }

    private static @Nullable String error(byte[] body) {
        try {
            JsonNode message = JsonInput.parse("body", body).at("/error/message");
            return message.isTextual() ? message.textValue() : null;
        } catch (BadInputException e) {
            return null; // not JSON
        }
    }
}
