package org.llava4j.data.image;

import java.nio.file.Path;

/** A picture to look at: a file, or one in memory. */
public sealed interface ImageRef {

    /** A file, or an entry of an archive (see {@link ImageBytes}). */
    record InFile(Path path) implements ImageRef {}

    /** A decoded picture. */
    record InMemory(RgbImage image) implements ImageRef {}

    static ImageRef of(Path path) {
        return new InFile(path);
    }
}
