package org.llava4j.model.schema;

import org.llava4j.data.BadInputException;

/** Thrown if a JSON schema cannot be compiled: it is invalid, has a keyword that is not supported, or is too large. */
public final class SchemaException extends BadInputException {
    private static final long serialVersionUID = 1L;
    private static final int MAX_PATH = 300;

    private final String path;

    /** @param path of the part at fault, such as {@code schema.properties.a.pattern} */
    SchemaException(String path, String problem) {
        super("'" + shortened(path) + "' " + problem);
        this.path = shortened(path);
    }

    private static String shortened(String path) {
        return path.length() <= MAX_PATH ? path : path.substring(0, MAX_PATH) + "...";
    }

    /** Path of the part at fault. */
    public String path() {
        return path;
    }
}
