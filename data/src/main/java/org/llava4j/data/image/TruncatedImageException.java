package org.llava4j.data.image;

import java.io.IOException;

/** End of the bytes before the end of the image. */
final class TruncatedImageException extends IOException {
    private static final long serialVersionUID = 1;

    TruncatedImageException() {
        super("it is truncated");
    }
}
