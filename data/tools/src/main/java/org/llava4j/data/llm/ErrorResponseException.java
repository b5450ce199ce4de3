package org.llava4j.data.llm;

import java.io.IOException;

/** Thrown for a response that has a success status but holds an error message in place of an answer. */
final class ErrorResponseException extends IOException {
    private static final long serialVersionUID = 1L;

    ErrorResponseException(String message) {
        super(message);
    }
}
