package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;
import org.llava4j.model.memory.WeightMemory;

/** Source of image features of the frozen vision tower: the tower itself or a cache. */
public interface FeatureSource {

    /**
     * Returns the features of image files, each {@code float32[P*Dv]}: P image tokens of the tower's hidden size, in
     * row-major order.
     *
     * @throws org.llava4j.data.BadInputException if an image is missing or damaged
     */
    List<float[]> features(List<Path> images);

    /**
     * The region of an image that its features depend on, if known, otherwise the whole image. Keeping only this region
     * saves memory.
     */
    default RgbImage visibleRegion(RgbImage image) {
        return image;
    }

    /** The treatment of the EXIF orientation of image files. */
    default ExifOrientation orientation() {
        return ExifOrientation.IGNORE;
    }

    /** The memory of the vision tower's weights; none if this source does not run the tower. */
    default WeightMemory weightMemory() {
        return WeightMemory.NONE;
    }

    /** Starts to compute the features of one image. The default computes them in one step. */
    default FeatureSteps start(ImageRef image) {
        return new SingleStep(this, image);
    }

    /**
     * Returns the features of decoded images. The default accepts none.
     *
     * @throws UnsupportedOperationException if the source supports files only
     */
    default List<float[]> featuresOfDecoded(List<RgbImage> images) {
        if (!images.isEmpty()) {
            throw new UnsupportedOperationException("this feature source supports files only");
        }
        return List.of();
    }
}
