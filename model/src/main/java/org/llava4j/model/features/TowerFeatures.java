package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.model.Llava;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Computes features with the tower, some pictures at a time. */
public final class TowerFeatures implements FeatureSource {
    private static final int AT_ONCE = 16;

    private final Llava tower;
    private final ClipImageProcessor processor;
    private final int vectorsPerImage;

    /** @param tower as {@link Llava#buildTower} makes it, or a whole model that reads pixels */
    public TowerFeatures(Llava tower, ClipImageProcessor processor, int vectorsPerImage) {
        this.tower = tower;
        this.processor = processor;
        this.vectorsPerImage = vectorsPerImage;
    }

    @Override
    public List<float[]> features(List<Path> images) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < images.size(); from += AT_ONCE) {
            all.addAll(some(images.subList(from, Math.min(images.size(), from + AT_ONCE))));
        }
        return all;
    }

    private List<float[]> some(List<Path> images) {
        int side = processor.settings().cropPx();
        int length = 3 * side * side;
        float[] pixels = new float[images.size() * length];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(processor.process(images.get(i)), 0, pixels, i * length, length);
        }
        INDArray in = Nd4j.createFromArray(pixels).reshape(images.size(), 3, side, side);
        INDArray out = tower.output(Map.of(Llava.PIXEL_VALUES, in), List.of(Llava.FEATURES))
                .get(Llava.FEATURES);
        List<float[]> features = new ArrayList<>();
        INDArray perImage = out.reshape(images.size(), vectorsPerImage * out.size(1));
        for (int i = 0; i < images.size(); i++) {
            features.add(perImage.getRow(i).toFloatVector());
        }
        PooledMemory.ofThisThread().release(out);
        return features;
    }
}
