package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ClipImageProcessor;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.image.RgbImage;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.memory.ArrayScope;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.memory.WeightMemory;
import org.llava4j.model.samediff.GraphProgram;
import org.llava4j.model.weights.TensorHash;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Feature source that runs the vision tower. */
public final class TowerFeatures implements FeatureSource {
    /** Maximum number of images in a batch. */
    public static final int MAX_BATCH_SIZE = 16;

    private final Llava tower;
    private final ClipImageProcessor processor;
    private final int batchSize;

    /** The tower for {@link #start}, created when first used. */
    private @Nullable GraphProgram program;

    private TowerFeatures(Llava tower, ClipImageProcessor processor, int batchSize) {
        this.tower = tower;
        this.processor = processor;
        this.batchSize = batchSize;
    }

    /**
     * Loads a model's vision tower and its preprocessing, which leaves images as stored. Weights are read, not mapped: a
     * training run does not depend on files that may be changed.
     *
     * @param folder the LLaVA or LLaMA folder
     * @param visionTower the tower's own folder: its preprocessing (CLIP's default without
     *     {@code preprocessor_config.json}), and its weights unless {@code folder} contains them
     * @param type dtype of the tower's matrices
     * @throws org.llava4j.data.BadInputException if weights, config and preprocessing are inconsistent
     */
    public static TowerFeatures load(Path folder, Path visionTower, LlavaConfig config, WeightDtype type) {
        return load(new ModelSource(folder, visionTower, null, config, false), type);
    }

    /**
     * As {@link #load(Path, Path, LlavaConfig, WeightDtype)}, for a model that may have an adapter, and whose weights may be
     * mapped.
     */
    public static TowerFeatures load(ModelSource source, WeightDtype type) {
        ClipPreprocessing preprocessing = source.config().preprocessing(source.visionTower());
        return new TowerFeatures(source.buildTower(type), new ClipImageProcessor(preprocessing), MAX_BATCH_SIZE);
    }

    /** SHA-256 and 2-norm of the tower's weights. */
    public TensorHash.TensorDigest digest() {
        TensorHash hash = new TensorHash();
        tower.weightNames().forEach(name -> hash.add(name, tower.weight(name)));
        return hash.digest();
    }

    /** Number of the tower's parameters. */
    public long parameterCount() {
        return tower.weightNames().stream()
                .mapToLong(name -> QuantizedFormat.length(tower.weight(name)))
                .sum();
    }

    /**
     * Fingerprint of everything that features depend on, except for the image: weights, feature layer and selection,
     * preprocessing.
     */
    public String fingerprint(LlavaConfig config) {
        return "weights " + digest().sha256() + "; " + config.vision() + "; state " + config.featureLayer() + ", "
                + config.selectFeature() + (batchSize == 1 ? "; each alone; " : "; ") + processor.settings()
                + (processor.orientation() == ExifOrientation.APPLY ? "; upright" : "");
    }

    /**
     * A copy with batch size 1, whose features are bit-identical regardless of the order of images: matrix products of
     * another number of rows may round differently, and a run resumed from a checkpoint batches its images differently.
     * Slower for a small tower.
     */
    public TowerFeatures unbatched() {
        return new TowerFeatures(tower, processor, 1);
    }

    /** A copy that treats the EXIF orientation of image files in another way. */
    public TowerFeatures withOrientation(ExifOrientation orientation) {
        return new TowerFeatures(tower, new ClipImageProcessor(processor.settings(), orientation), batchSize);
    }

    @Override
    public ExifOrientation orientation() {
        return processor.orientation();
    }

    @Override
    public WeightMemory weightMemory() {
        return tower.weightMemory();
    }

    @Override
    public List<float[]> features(List<Path> images) {
        return inBatches(images, processor::process);
    }

    @Override
    public List<float[]> featuresOfDecoded(List<RgbImage> images) {
        return inBatches(images, processor::process);
    }

    /** The center crop at the tower's input size; preprocessing the crop again does not change it. */
    @Override
    public RgbImage visibleRegion(RgbImage image) {
        ClipPreprocessing settings = processor.settings();
        return settings.shortestEdgePx() == settings.cropPx() ? processor.crop(image) : image;
    }

    @Override
    public FeatureSteps start(ImageRef image) {
        float[] pixels = image instanceof ImageRef.InFile file
                ? processor.process(file.path())
                : processor.process(((ImageRef.InMemory) image).image());
        if (program == null) {
            program = new GraphProgram(tower.graph(), Llava.FEATURES, Map.of());
        }
        INDArray in = Nd4j.createUninitialized(DataType.FLOAT, pixelShape(1), 'c');
        NativeArray.writeRows(in, List.of(pixels));
        return new TowerRun(program, in);
    }

    private <T> List<float[]> inBatches(List<T> images, Function<T, float[]> pixelsOf) {
        List<float[]> all = new ArrayList<>();
        for (int from = 0; from < images.size(); from += batchSize) {
            List<T> batch = images.subList(from, Math.min(images.size(), from + batchSize));
            all.addAll(forward(batch.parallelStream().map(pixelsOf).toList()));
        }
        return all;
    }

    private List<float[]> forward(List<float[]> images) {
        try (ArrayScope scope = new ArrayScope()) {
            INDArray in = scope.borrow(DataType.FLOAT, pixelShape(images.size()));
            NativeArray.writeRows(in, images);
            INDArray out = scope.own(tower.output(Map.of(Llava.PIXEL_VALUES, in), Llava.FEATURES));
            return NativeArray.rows(out, images.size());
        }
    }

    /** [N, 3, S, S]. */
    private long[] pixelShape(int images) {
        int side = processor.settings().cropPx();
        return new long[] {images, 3, side, side};
    }
}
