package org.llava4j.data.llm;

import dev.langchain4j.exception.HttpException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Thrown for an HTTP error status. Unlike LangChain4j's exception it has the {@code Retry-After} header. */
final class HttpStatusException extends HttpException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Duration retryAfter;

    HttpStatusException(int status, String body, @Nullable Duration retryAfter) {
        super(status, body);
        this.retryAfter = retryAfter;
    }

    /** Returns the wait that the header requests, or null without it. */
    @Nullable
    Duration retryAfter() {
        return retryAfter;
    }
}
