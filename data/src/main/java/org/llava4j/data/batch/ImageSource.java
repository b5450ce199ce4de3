package org.llava4j.data.batch;

import java.nio.file.Path;

/** Source of preprocessed images, as the vision tower takes them. */
@FunctionalInterface
public interface ImageSource {
    /**
     * Loads and preprocesses one image.
     *
     * @return {@code float32[3*S*S]}, channel by channel
     * @throws org.llava4j.data.BadInputException if the image is missing or corrupt
     */
    float[] pixels(Path image);
}
