package org.llava4j.data.image;

import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/** A picture to look at: a file, or one in memory. */
public sealed interface Picture {

    /** A file, or an entry of an archive (see {@link ImageBytes}). */
    record InFile(Path path) implements Picture {}

    /** A decoded picture. */
    record InMemory(RgbImage image) implements Picture {}

    static Picture of(Path path) {
        return new InFile(path);
    }

    /**
     * A picture of the bytes of a JPEG or PNG.
     *
     * @param name what an error calls it
     * @throws BadInputException if they are damaged, too large, or of an unsupported kind
     */
    static Picture of(byte[] bytes, String name) {
        return new InMemory(ImageFiles.decode(bytes, name));
    }
}
