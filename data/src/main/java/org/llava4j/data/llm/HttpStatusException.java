package org.llava4j.data.llm;

import dev.langchain4j.exception.HttpException;
import java.time.Duration;
import java.util.Optional;

/** A status that is no success, with what the client library's own exception leaves out: when to come back. */
final class HttpStatusException extends HttpException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> retryAfter;

    HttpStatusException(int status, String body, Optional<Duration> retryAfter) {
        super(status, body);
        this.retryAfter = retryAfter;
    }

    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
