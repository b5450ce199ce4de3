package org.llava4j.data.image;

/** Cancellation of a decode by the check of {@link DecodeOptions}; reaches the caller unchanged. */
public final class DecodeCancelledException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param cause why decoding was cancelled */
    public DecodeCancelledException(RuntimeException cause) {
        super(cause.getMessage(), cause);
    }

    /** @param message why decoding was cancelled */
    public DecodeCancelledException(String message) {
        super(message);
    }
}
