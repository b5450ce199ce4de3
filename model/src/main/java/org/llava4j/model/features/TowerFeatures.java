package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.RgbImage;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.TensorHash;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Computes features with the tower. */
public final class TowerFeatures implements FeatureSource {
    /** Most pictures of one pass. */
    public static final int MAX_BATCH_SIZE = 16;

    private final Llava tower;
    private final ClipImageProcessor processor;
    private final int batchSize;

    private TowerFeatures(Llava tower, ClipImageProcessor processor, int together) {
        this.tower = tower;
        this.processor = processor;
        this.batchSize = together;
    }

    /** {@link #load(Path, Path, LlavaConfig, WeightDtype)} in float32. */
    public static TowerFeatures load(Path folder, Path visionTower, LlavaConfig config) {
        return load(folder, visionTower, config, WeightDtype.FP32);
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
    public static TowerFeatures load(Path folder, Path visionTower, LlavaConfig config, WeightDtype type) {
        ClipImageProcessor processor = new ClipImageProcessor(preprocessing(visionTower, config));
        try (Checkpoint weights = Checkpoint.tower(folder, visionTower).withWeightDtype(type, name -> false)) {
            return new TowerFeatures(Llava.buildTower(config, weights), processor, MAX_BATCH_SIZE);
        }
    }

    /**
     * How images are prepared for a tower.
     *
     * @param visionTower the tower's own folder; CLIP's own settings where it has no {@code preprocessor_config.json}
     * @throws BadInputException if config and preprocessing do not fit each other
     */
    public static ClipPreprocessing preprocessing(Path visionTower, LlavaConfig config) {
        ClipPreprocessing settings = ClipPreprocessing.isIn(visionTower)
                ? ClipPreprocessing.read(visionTower)
                : ClipPreprocessing.clip(config.vision().imageSizePx());
        if (settings.cropPx() != config.vision().imageSizePx()) {
            throw new BadInputException(visionTower + ": preprocessor_config.json crops to " + settings.cropPx()
                    + " px but config.json has an image_size of "
                    + config.vision().imageSizePx() + "; they must agree");
        }
        return settings.withAspectRatio(config.padToSquare() ? AspectRatio.PAD : AspectRatio.SQUARE);
    }

    /** SHA-256 over the tower's weights, and their norm. */
    public TensorHash.TensorDigest digest() {
        TensorHash hash = new TensorHash();
        tower.weightNames().forEach(name -> hash.add(name, tower.weight(name)));
        return hash.digest();
    }

    /** Number of the tower's weights. */
    public long parameterCount() {
        return tower.weightNames().stream()
                .mapToLong(name -> tower.weight(name).length())
                .sum();
    }

    /**
     * Names everything, but for the image itself, that the features depend on: weights, which state is taken, and
     * preprocessing.
     */
    public String fingerprint(LlavaConfig config) {
        return "weights " + digest().sha256() + "; " + config.vision() + "; state " + config.featureLayer() + ", "
                + config.selectFeature() + (batchSize == 1 ? "; each alone; " : "; ") + processor.settings();
    }

    /**
     * The same features with every picture alone in its pass, so that each has the same vectors to the last bit whenever
     * it comes: matrix products of another number of rows may round otherwise, and a run that goes on from a checkpoint
     * meets its pictures in other company. A small tower is slower so.
     */
    public TowerFeatures unbatched() {
        return new TowerFeatures(tower, processor, 1);
    }

    @Override
    public List<float[]> features(List<Path> images) {
        return inBatches(images, processor::process);
    }

    @Override
    public List<float[]> featuresOfDecoded(List<RgbImage> images) {
        return inBatches(images, processor::process);
    }

    /** The middle square at the tower's own size, which is cut from itself again without a change. */
    @Override
    public RgbImage visibleRegion(RgbImage image) {
        ClipPreprocessing settings = processor.settings();
        return settings.shortestEdgePx() == settings.cropPx() ? processor.crop(image) : image;
    }

    private <T> List<float[]> inBatches(List<T> images, Function<T, float[]> pixelsOf) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < images.size(); from += batchSize) {
            List<T> some = images.subList(from, Math.min(images.size(), from + batchSize));
            all.addAll(forward(some.stream().map(pixelsOf).toList()));
        }
        return all;
    }

    private List<float[]> forward(List<float[]> images) {
        int side = processor.settings().cropPx();
        int length = 3 * side * side;
        float[] pixels = new float[images.size() * length];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(images.get(i), 0, pixels, i * length, length);
        }
        INDArray in = Nd4j.createFromArray(pixels).reshape(images.size(), 3, side, side);
        INDArray out = tower.output(Map.of(Llava.PIXEL_VALUES, in), List.of(Llava.FEATURES))
                .get(Llava.FEATURES);
        INDArray perImage = out.reshape(images.size(), out.length() / images.size());
        List<float[]> features = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            features.add(perImage.getRow(i).toFloatVector());
        }
        PooledMemory.forCurrentThread().release(out);
        return features;
    }
}
