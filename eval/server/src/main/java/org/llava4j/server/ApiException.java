package org.llava4j.server;

import org.jspecify.annotations.Nullable;
import org.llava4j.model.generate.ContextLengthException;
import org.llava4j.model.generate.NonFiniteLogitsException;

/** An error response in OpenAI's format. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final String TIMEOUT_CODE = "timeout";

    private final int status;
    private final String type;
    private final @Nullable String parameter;
    private final @Nullable String code;

    /**
     * Creates an error.
     *
     * @param status HTTP status
     * @param parameter request field at fault; null if there is no such field
     * @param code machine-readable code; null for none
     */
    ApiException(int status, String type, @Nullable String parameter, @Nullable String code, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.parameter = parameter;
        this.code = code;
    }

    /** An error of the client that no single field of the request is at fault for. */
    static ApiException rejected(int status, @Nullable String code, String message) {
        return new ApiException(status, "invalid_request_error", null, code, message);
    }

    /** 400: the request is invalid. */
    static ApiException badRequest(@Nullable String parameter, String message) {
        return new ApiException(400, "invalid_request_error", parameter, null, message);
    }

    /** 400: the prompt leaves no room for an answer. */
    static ApiException contextLengthExceeded(String parameter, ContextLengthException cause) {
        return new ApiException(400, "invalid_request_error", parameter, "context_length_exceeded", cause.getMessage());
    }

    /** 429: the server is at capacity; the client may retry later. */
    static ApiException busy(String message) {
        return new ApiException(429, "rate_limit_error", null, "queue_full", message);
    }

    /** 504: generation exceeds the time limit. */
    static ApiException timeout(String message) {
        return new ApiException(504, "timeout_error", null, TIMEOUT_CODE, message);
    }

    /** 503: the server stops before the answer is complete. */
    static ApiException stopping() {
        return new ApiException(
                503, "server_error", null, "server_stopping", "the server stopped before the answer was complete");
    }

    /** 500: the model produces NaN or infinite logits. */
    static ApiException nonFiniteLogits(NonFiniteLogitsException cause) {
        return new ApiException(500, "server_error", null, "non_finite_logits", cause.getMessage());
    }

    /** 503: the files of the model are not those that it was loaded from. */
    static ApiException modelChanged() {
        return new ApiException(
                503,
                "server_error",
                null,
                "model_changed",
                "a file of the model was changed while the server uses it; the server must be restarted");
    }

    /** Whether this is {@link #timeout}. */
    boolean isTimeout() {
        return TIMEOUT_CODE.equals(code);
    }

    int status() {
        return status;
    }

    String type() {
        return type;
    }

    @Nullable
    String parameter() {
        return parameter;
    }

    @Nullable
    String code() {
        return code;
    }
}
