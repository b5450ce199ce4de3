package org.llava4j.data;

/** A file is not the one that was opened any more: nothing of it can be trusted, and no policy passes over that. */
public final class FileChangedException extends BadInputException {
    private static final long serialVersionUID = 1L;

    public FileChangedException(String message) {
        super(message);
    }
}
