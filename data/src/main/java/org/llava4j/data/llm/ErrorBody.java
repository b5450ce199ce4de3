package org.llava4j.data.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/** Parser of error responses: {@code {"error": {"message": ...}}} in OpenAI's API. */
final class ErrorBody {
    private ErrorBody() {}

    /** Returns the error's message, or the whole body if it has another form. */
    static String message(String body) {
        return error(body.getBytes(StandardCharsets.UTF_8)).orElse(body);
    }

    /**
     * Returns the error's message if a response has an error in place of choices, as some gateways send with status
     * 200.
     */
    static Optional<String> insteadOfChoices(byte[] body) {
        return new String(body, StandardCharsets.UTF_8).contains("\"choices\"") ? Optional.empty() : error(body);
    }

    private static Optional<String> error(byte[] body) {
        try {
            JsonNode message = JsonInput.parse("body", body).at("/error/message");
            return message.isTextual() ? Optional.of(message.textValue()) : Optional.empty();
        } catch (BadInputException e) {
            return Optional.empty(); // not JSON
        }
    }
}
