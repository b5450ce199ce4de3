package org.llava4j.data.image;

import java.io.IOException;

/** Image of a known format with a feature that is not supported; the message follows "FILE is". */
final class UnsupportedImageException extends IOException {
    private static final long serialVersionUID = 1;

    UnsupportedImageException(String message) {
        super(message);
    }
}
