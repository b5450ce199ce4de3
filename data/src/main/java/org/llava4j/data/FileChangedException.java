package org.llava4j.data;

/** A file that changed after it was opened. It is never treated as an invalid sample that may be skipped. */
public final class FileChangedException extends BadInputException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message which file changed
     */
    public FileChangedException(String message) {
        super(message);
    }
}
