package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.image.ClipImageProcessor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Image loader for a graph that contains the vision tower: pixels {@code float32[N, 3, S, S]}.
 *
 * @param processor CLIP's preprocessing
 */
public record PixelLoader(ClipImageProcessor processor) implements ImageLoader {
    @Override
    public INDArray load(List<Path> images) {
        int side = processor.settings().cropPx();
        int perImage = 3 * side * side;
        float[] pixels = new float[Math.max(1, images.size()) * perImage];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(processor.process(images.get(i)), 0, pixels, i * perImage, perImage);
        }
        return Nd4j.createFromArray(pixels).reshape(-1, 3, side, side);
    }
}
