package org.llava4j.model.folder;

import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/** Thrown if a file of mapped weights was written in place while its model is in use: its answers would be of neither model. */
public final class ModelChangedException extends BadInputException {
    private static final long serialVersionUID = 1L;

    ModelChangedException(Path file) {
        super(file + " was written in place while the model that maps it is in use, so its weights are mixed; load the"
                + " model again, and replace such a file by renaming another one onto it (or use --no-mmap)");
    }
}
