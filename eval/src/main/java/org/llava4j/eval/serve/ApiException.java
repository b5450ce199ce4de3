package org.llava4j.eval.serve;

import org.llava4j.model.generate.NonFiniteLogitsException;

/** What a client is told instead of an answer, in OpenAI's shape of an error. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final String type;
    private final String parameter;
    private final String code;

    /**
     * @param status HTTP's
     * @param parameter which part of the request is at fault, or null
     * @param code for programs, or null
     */
    ApiException(int status, String type, String parameter, String code, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.parameter = parameter;
        this.code = code;
    }

    /** 400: what is asked for makes no sense. */
    static ApiException badRequest(String parameter, String message) {
        return new ApiException(400, "invalid_request_error", parameter, null, message);
    }

    /** 429: to be asked again later. */
    static ApiException busy(String message) {
        return new ApiException(429, "rate_limit_error", null, "queue_full", message);
    }

    /** 504: it takes too long. */
    static ApiException timeout(String message) {
        return new ApiException(504, "timeout_error", null, "timeout", message);
    }

    /** 500: the model computes NaN or infinite values. */
    static ApiException nonFiniteLogits(NonFiniteLogitsException cause) {
        return new ApiException(500, "server_error", null, "non_finite_logits", cause.getMessage());
    }

    int status() {
        return status;
    }

    String type() {
        return type;
    }

    String parameter() {
        return parameter;
    }

    String code() {
        return code;
    }
}
