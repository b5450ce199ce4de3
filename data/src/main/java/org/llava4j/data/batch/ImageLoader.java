package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Loader of a batch's images, in the form that the graph's image input takes. */
@FunctionalInterface
public interface ImageLoader {
    /**
     * Loads images into a new array.
     *
     * @param images files in batch order; empty for a text-only batch
     * @return {@code float32[N, 3, S, S]} pixels or {@code float32[N*P, Dv]} features of the vision tower; zeros of one
     *     image for a text-only batch
     * @throws org.llava4j.data.BadInputException if an image is missing or corrupt
     */
    INDArray load(List<Path> images);
}
