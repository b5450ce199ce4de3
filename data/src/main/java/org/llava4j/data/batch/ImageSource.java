package org.llava4j.data.batch;

import java.nio.file.Path;

/** Pictures as a vision tower wants them. */
@FunctionalInterface
public interface ImageSource {
    /**
     * One picture.
     *
     * @return {@code float32[3*S*S]}, channel by channel
     * @throws org.llava4j.data.BadInputException if it is missing or broken
     */
    float[] pixels(Path image);
}
