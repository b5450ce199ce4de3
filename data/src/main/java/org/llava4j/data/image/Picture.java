package org.llava4j.data.image;

import java.nio.file.Path;

/** A picture to look at: a file, or one in memory. */
public sealed interface Picture {

    /** A file, or an entry of an archive (see {@link ImageBytes}). */
    record InFile(Path path) implements Picture {}

    /** A decoded picture. */
    record InMemory(RgbImage image) implements Picture {}

    static Picture of(Path path) {
        return new InFile(path);
    }
}
