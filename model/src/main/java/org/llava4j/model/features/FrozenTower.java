package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.TowerWeights;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The vision tower as a graph of its own: pixels in, the features that LLaVA selects out. One thread uses it. */
public final class FrozenTower {
    private final Llava graph;
    private final String identity;
    private final int imageSizePx;
    private final int featuresPerImage;

    private FrozenTower(Llava graph, String identity, LlavaConfig config) {
        this.graph = graph;
        this.identity = identity;
        this.imageSizePx = config.vision().imageSizePx();
        this.featuresPerImage = config.imageVectors() * config.vision().hiddenSize();
    }

    /**
     * Reads the tower of a model.
     *
     * @param folder the LLaVA (or LLaMA) folder
     * @param visionTower the tower's own folder, read where {@code folder} holds no tower
     * @throws org.llava4j.data.BadInputException if its weights and config do not fit
     */
    public static FrozenTower load(Path folder, Path visionTower, LlavaConfig config) {
        String hash;
        try (TowerWeights weights = TowerWeights.open(folder, visionTower)) {
            hash = weights.hash();
        }
        try (Checkpoint checkpoint = Checkpoint.tower(folder, visionTower)) {
            return new FrozenTower(
                    Llava.buildTower(config, checkpoint),
                    "weights " + hash + ", " + config.vision() + ", state " + config.featureLayer() + ", "
                            + config.selectFeature(),
                    config);
        }
    }

    /** Names everything of the tower that its features depend on. */
    public String identity() {
        return identity;
    }

    /**
     * Runs the tower once.
     *
     * @param pixels {@code float32[3*S*S]} of each of N images
     * @return {@code float32[P*Dv]} of each
     */
    public float[][] features(List<float[]> pixels) {
        int n = pixels.size();
        INDArray input = Nd4j.createUninitialized(new int[] {n, 3, imageSizePx, imageSizePx}, 'c');
        for (int i = 0; i < n; i++) {
            input.slice(i).assign(Nd4j.createFromArray(pixels.get(i)).reshape(3, imageSizePx, imageSizePx));
        }
        INDArray output = graph.output(Map.of(Llava.PIXEL_VALUES, input), List.of(Llava.FEATURES))
                .get(Llava.FEATURES);
        float[] all = output.data().asFloat();
        float[][] features = new float[n][featuresPerImage];
        for (int i = 0; i < n; i++) {
            System.arraycopy(all, i * featuresPerImage, features[i], 0, featuresPerImage);
        }
        PooledMemory.ofThisThread().release(output);
        input.close();
        return features;
    }
}
