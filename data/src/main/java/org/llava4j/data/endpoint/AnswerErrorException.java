package org.llava4j.data.endpoint;

import java.io.IOException;

/** A response with a successful status that holds an error message in place of an answer. */
final class AnswerErrorException extends IOException {
    private static final long serialVersionUID = 1L;

    AnswerErrorException(String message) {
        super(message);
    }
}
