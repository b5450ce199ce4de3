package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The endpoints that generate answers, all of them {@code POST}. */
enum AnswerEndpoint {
    CHAT_COMPLETIONS("/v1/chat/completions", "messages", "max_tokens", "response_format", ChatRequest::of),
    COMPLETIONS("/v1/completions", "prompt", "max_tokens", null, TextCompletionRequest::of),
    RESPONSES("/v1/responses", "input", "max_output_tokens", "text.format", ResponseRequest::of);

    private final String path;
    private final String promptField;
    private final String limitField;
    private final @Nullable String formatField;
    private final Parser parser;

    /** Reads the fields of a request. */
    @FunctionalInterface
    private interface Parser {
        AnswerRequest parse(RequestFields fields, ServerOptions options, int vocabularySize, ImageSource images);
    }

    /**
     * @param promptField field of the prompt, which errors of the prompt name
     * @param limitField field of the maximum number of tokens
     * @param formatField field of the answer's format; null if answers are text
     */
    AnswerEndpoint(String path, String promptField, String limitField, @Nullable String formatField, Parser parser) {
        this.path = path;
        this.promptField = promptField;
        this.limitField = limitField;
        this.formatField = formatField;
        this.parser = parser;
    }

    String path() {
        return path;
    }

    String promptField() {
        return promptField;
    }

    String limitField() {
        return limitField;
    }

    @Nullable
    String formatField() {
        return formatField;
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
