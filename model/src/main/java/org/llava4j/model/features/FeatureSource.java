package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.image.RgbImage;

/** The frozen tower's features of pictures, wherever they are kept. */
public interface FeatureSource {

    /**
     * Features of pictures, each {@code float32[P*Dv]}: P vectors of the tower's width, one after the other.
     *
     * @throws org.llava4j.data.BadInputException if a picture is missing or broken
     */
    List<float[]> features(List<Path> images);

    /** As much of a picture as its features depend on, and no more where that is known: what to keep of a large one. */
    default RgbImage visibleRegion(RgbImage image) {
        return image;
    }

    /** The same of pictures in memory; a source that knows files only refuses any. */
    default List<float[]> featuresOfDecoded(List<RgbImage> images) {
        if (!images.isEmpty()) {
            throw new UnsupportedOperationException("this source of features knows files only");
        }
        return List.of();
    }
}
