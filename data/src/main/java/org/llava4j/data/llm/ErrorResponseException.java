package org.llava4j.data.llm;

import java.io.IOException;

/** A response with a successful status that holds an error message in place of an answer. */
final class ErrorResponseException extends IOException {
    private static final long serialVersionUID = 1L;

    ErrorResponseException(String message) {
        super(message);
    }
}
