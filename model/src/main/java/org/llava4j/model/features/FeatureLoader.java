package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.batch.ImageLoader;
import org.llava4j.model.config.LlavaConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Image loader for a graph without the vision tower: features {@code float32[N*P, Dv]}.
 *
 * @param features source of the features, such as a cache
 * @param config of the model
 */
public record FeatureLoader(FeatureSource features, LlavaConfig config) implements ImageLoader {
    @Override
    public INDArray load(List<Path> images) {
        int width = config.vision().hiddenSize();
        int perImage = config.numImageTokens() * width;
        float[] vectors = new float[Math.max(1, images.size()) * perImage];
        List<float[]> each = features.features(images);
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, vectors, i * perImage, perImage);
        }
        return Nd4j.createFromArray(vectors).reshape(-1, width);
    }
}
