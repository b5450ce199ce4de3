package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;
import org.llava4j.model.weights.TensorHash;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Computes features with the tower. */
public final class TowerFeatures implements FeatureSource {
    private final Llava tower;
    private final ClipImageProcessor processor;

    /** @param tower as {@link Llava#buildTower} makes it, or a whole model that reads pixels */
    public TowerFeatures(Llava tower, ClipImageProcessor processor) {
        this.tower = tower;
        this.processor = processor;
    }

    /** {@link #load(Path, Path, LlavaConfig, FrozenType)} in float32. */
    public static TowerFeatures load(Path folder, Path visionTower, LlavaConfig config) {
        return load(folder, visionTower, config, FrozenType.FP32);
    }

    /**
     * The tower of a model, with the preprocessing that belongs to it.
     *
     * @param folder the LLaVA (or LLaMA) folder
     * @param visionTower the tower's own folder: its preprocessing (CLIP's own where it has no
     *     {@code preprocessor_config.json}), and its weights where {@code folder} holds none
     * @param type how its matrices are kept
     * @throws org.llava4j.data.BadInputException if weights, config and preprocessing do not fit each other
     */
    public static TowerFeatures load(Path folder, Path visionTower, LlavaConfig config, FrozenType type) {
        ClipPreprocessing settings = ClipPreprocessing.isIn(visionTower)
                ? ClipPreprocessing.read(visionTower)
                : ClipPreprocessing.clip(config.vision().imageSizePx());
        if (settings.cropPx() != config.vision().imageSizePx()) {
            throw new BadInputException(visionTower + ": preprocessor_config.json crops to " + settings.cropPx()
                    + " px but config.json has an image_size of "
                    + config.vision().imageSizePx() + "; they must agree");
        }
        ClipImageProcessor processor =
                new ClipImageProcessor(config.padToSquare() ? settings.withAspectRatio(AspectRatio.PAD) : settings);
        try (Checkpoint weights = Checkpoint.tower(folder, visionTower).withFrozenType(type, name -> false)) {
            return new TowerFeatures(Llava.buildTower(config, weights), processor);
        }
    }

    /** SHA-256 over the tower's weights, and their norm. */
    public TensorHash.Mark mark() {
        TensorHash hash = new TensorHash();
        tower.weightNames().forEach(name -> hash.add(name, tower.weight(name)));
        return hash.mark();
    }

    /** Number of the tower's weights. */
    public long parameters() {
        return tower.weightNames().stream()
                .mapToLong(name -> tower.weight(name).length())
                .sum();
    }

    /**
     * Names everything, but for the image itself, that the features depend on: weights, which state is taken, and
     * preprocessing.
     */
    public String identity(LlavaConfig config) {
        return "weights " + mark().sha256() + "; " + config.vision() + "; state " + config.featureLayer() + ", "
                + config.selectFeature() + "; each alone; " + processor.settings();
    }

    /**
     * One picture after the other, so that each has the same vectors to the last bit in whatever company it comes: matrix
     * products of another number of rows may round otherwise, and a run that goes on from a checkpoint meets its pictures
     * in other company.
     */
    @Override
    public List<float[]> features(List<Path> images) {
        return images.stream().map(this::features).toList();
    }

    private float[] features(Path image) {
        int side = processor.settings().cropPx();
        INDArray pixels = Nd4j.createFromArray(processor.process(image)).reshape(1, 3, side, side);
        INDArray out = tower.output(Map.of(Llava.PIXEL_VALUES, pixels), List.of(Llava.FEATURES))
                .get(Llava.FEATURES);
        float[] features = out.reshape(1, out.length()).toFloatVector();
        PooledMemory.ofThisThread().release(out);
        return features;
    }
}
