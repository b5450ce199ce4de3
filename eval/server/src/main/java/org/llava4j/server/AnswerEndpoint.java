package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;

/** The endpoints that generate answers, all of them {@code POST}. */
enum AnswerEndpoint {
    CHAT_COMPLETIONS("/v1/chat/completions", "messages", ChatRequest::of),
    COMPLETIONS("/v1/completions", "prompt", TextCompletionRequest::of),
    RESPONSES("/v1/responses", "input", ResponseRequest::of);

    private final String path;
    private final String promptField;
    private final Parser parser;

    /** Reads the fields of a request. */
    @FunctionalInterface
    private interface Parser {
        AnswerRequest parse(RequestFields fields, ServerOptions options, int vocabularySize, ImageSource images);
    }

    /** @param promptField field of the prompt, which errors of the prompt name */
    AnswerEndpoint(String path, String promptField, Parser parser) {
        this.path = path;
        this.promptField = promptField;
        this.parser = parser;
    }

    String path() {
        return path;
    }

    String promptField() {
        return promptField;
    }

    /** The paths of all endpoints. */
    static List<String> paths() {
        return Arrays.stream(values()).map(AnswerEndpoint::path).toList();
    }

    /** The endpoint of a path that {@link #paths} lists. */
    static AnswerEndpoint at(String path) {
        return Arrays.stream(values())
                .filter(endpoint -> endpoint.path.equals(path))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Parses a request.
     *
     * @throws ApiException if the request is invalid
     */
    AnswerRequest parse(JsonNode body, ServerOptions options, int vocabularySize, ImageSource images) {
        if (!body.isObject()) {
            throw ApiException.badRequest(null, "the body must be a JSON object");
        }
        return parser.parse(new RequestFields(body, ""), options, vocabularySize, images);
    }
}
