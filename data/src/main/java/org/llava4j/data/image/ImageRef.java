package org.llava4j.data.image;

import java.nio.file.Path;

/** Reference to an input image: a file or a decoded image in memory. */
public sealed interface ImageRef {

    /** An image file, or an entry of an archive; see {@link ImageBytes}. */
    record InFile(Path path) implements ImageRef {}

    /** A decoded image. */
    record InMemory(RgbImage image) implements ImageRef {}

    /** The image in a file. */
    static ImageRef of(Path path) {
        return new InFile(path);
    }
}
