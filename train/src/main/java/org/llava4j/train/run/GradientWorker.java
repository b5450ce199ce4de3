package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.ImageLoader;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureCache;
import org.llava4j.model.features.FeatureLoader;
import org.llava4j.model.features.FeatureStore;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.folder.InitialAdapter;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.TensorHash;
import org.llava4j.train.GradientAccumulator;
import org.llava4j.train.StepBatches;
import org.llava4j.train.StepGradients;
import org.llava4j.train.stage.Stage;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Gradient worker of a stage: the graph of projector and decoder with its trainable weights selected, and the frozen
 * vision tower with its feature cache. Not thread-safe.
 */
public final class GradientWorker implements StepGradients {
    private final Llava model;
    private final TowerFeatures tower;
    private final FeatureCache features;
    private final SortedMap<String, String> sources;
    private final FeatureLoader images;
    private final LlavaConfig config;

    private GradientWorker(
            LlavaConfig config,
            Llava model,
            TowerFeatures tower,
            FeatureCache features,
            SortedMap<String, String> sources) {
        this.config = config;
        this.model = model;
        this.tower = tower;
        this.features = features;
        this.sources = sources;
        this.images = new FeatureLoader(features, config);
    }

    /**
     * Loads the initial weights of a stage and freezes those that are not trainable.
     *
     * @param unbatchedTower whether the tower processes images one at a time, so that features do not depend on batch
     *     composition; needed for results that are identical after a resume or on a cluster
     * @param notices receives a line if the feature cache cannot be used
     * @throws org.llava4j.data.BadInputException if an input is missing or broken, or does not fit the model
     */
    public static GradientWorker load(
            Stage stage, RunPaths paths, RunOptions options, boolean unbatchedTower, Consumer<String> notices) {
        LlavaConfig config = config(stage, paths, options);
        TowerFeatures tower = tower(config, paths, options);
        FeatureCache features = features(tower, unbatchedTower, config, paths, options, notices);
        try (Checkpoint checkpoint = weights(stage, paths)
                        .withoutTower()
                        .withWeightDtype(options.model().frozenDtype(), stage.model()::isTrainable);
                AdapterStart start = AdapterStart.open(stage, paths, config)) {
            Llava model = Llava.build(config, start.weights(checkpoint), ImageInput.FEATURES, stage.graphLora());
            stage.model().requireMatches(model.weightNames(), paths.model());
            model.setTrainable(stage.model()::isTrainable);
            model.setGradientCheckpointing(options.model().gradientCheckpointing());
            SortedMap<String, String> sources =
                    new TreeMap<>(checkpoint.plan(Llava.weightShapes(config)).sources());
            sources.putAll(start.sources());
            return new GradientWorker(config, model, tower, features, sources);
        }
    }

    private static TowerFeatures tower(LlavaConfig config, RunPaths paths, RunOptions options) {
        return TowerFeatures.load(
                        paths.model(),
                        paths.towerFolder(),
                        config,
                        options.model().frozenDtype().ofTower())
                .withOrientation(options.features().exifOrientation());
    }

    /** Loads the features of images from a cache of its own. */
    static ImageLoader images(LlavaConfig config, RunPaths paths, RunOptions options, Consumer<String> notices) {
        return new FeatureLoader(
                features(tower(config, paths, options), false, config, paths, options, notices), config);
    }

    private static FeatureCache features(
            TowerFeatures tower,
            boolean unbatchedTower,
            LlavaConfig config,
            RunPaths paths,
            RunOptions options,
            Consumer<String> notices) {
        FeatureStore store = paths.featureCache() == null
                ? null
                : FeatureStore.openIfPossible(
                        paths.featureCache(), options.features().cacheBytes(), notices);
        return new FeatureCache(
                unbatchedTower ? tower.unbatched() : tower,
                tower.fingerprint(config),
                store,
                options.features().memoryBytes(),
                notices);
    }

    /** Model configuration of a run: the model's own, with the overrides of stage and options. */
    static LlavaConfig config(Stage stage, RunPaths paths, RunOptions options) {
        QuantizedBase.requireTrainable(paths.model(), stage, options.model().frozenDtype());
        LlavaConfig read = LlavaConfig.read(paths.configFolder(), paths.towerFolder());
        return new LlavaConfig(
                read.vision(),
                read.decoder(),
                Objects.requireNonNullElse(options.model().projectorType(), read.projector()),
                Objects.requireNonNullElse(options.model().selectLayer(), read.selectLayer()),
                read.selectFeature(),
                stage.data().modelMaxLength(),
                read.padLeft(),
                stage.data().imageAspectRatio() == AspectRatio.PAD,
                read.imageStartEndTokens());
    }

    /** Initial weights of a run. */
    static Checkpoint weights(Stage stage, RunPaths paths) {
        Checkpoint checkpoint = Checkpoint.llava(paths.model(), paths.towerFolder());
        if (paths.projector() != null) {
            checkpoint.withProjector(paths.projector());
        }
        if (paths.adapter() != null) {
            InitialAdapter.addProjector(paths.adapter(), checkpoint);
        }
        if (stage.model().freshProjector()) {
            checkpoint.withNewProjector(stage.seed());
        }
        return checkpoint;
    }

    @Override
    public GradientAccumulator sum(int step, StepBatches batches) {
        GradientAccumulator sum = new GradientAccumulator();
        return CloseOnFailure.run(sum, () -> {
            for (int pass = 0; batches.hasNext(); pass++) {
                add(batches.next(), step, pass, sum);
            }
            return sum;
        });
    }

    /**
     * Adds the gradients of one batch whose images are not loaded yet.
     *
     * @param step counted from 0
     * @param pass index of the batch within the step, counted from 0
     * @param sum receives them
     */
    public void add(BatchPlan batch, int step, int pass, GradientAccumulator sum) {
        add(batch.toMultiDataSet(images), step, pass, sum);
    }

    private void add(MultiDataSet batch, int step, int pass, GradientAccumulator sum) {
        try (BatchInputs inputs = BatchInputs.of(batch)) {
            sum.backward(model, inputs.placeholders(), step, pass);
        }
    }

    /**
     * Everything but trainable weights and batches that gradients depend on, by content: frozen weights, vision tower and
     * preprocessing. Reads all weights.
     */
    public Fingerprint identity() {
        TensorHash frozen = new TensorHash();
        Set<String> trainable = Set.copyOf(model.trainableNames());
        model.weightNames().stream()
                .filter(name -> !trainable.contains(name))
                .forEach(name -> frozen.add(name, model.weight(name)));
        return new Fingerprint.Builder()
                .add("frozen weights", "sha256 " + frozen.digest().sha256())
                .add("vision tower", tower.fingerprint(config))
                .build();
    }

    /**
     * Hashes of the contents of images, and of the tower and its preprocessing; empty for an image that is missing or
     * unreadable on this machine.
     */
    public List<String> imageHashes(List<Path> paths) {
        return paths.stream().map(this::imageHash).toList();
    }

    private String imageHash(Path image) {
        try {
            return features.address(image);
        } catch (BadInputException e) {
            // Loading the image reports it.
            return "";
        }
    }

    /** Loads the features of a batch's images from the cache. */
    ImageLoader images() {
        return images;
    }

    /** The graph that is trained. */
    public Llava model() {
        return model;
    }

    TowerFeatures tower() {
        return tower;
    }

    FeatureCache features() {
        return features;
    }

    /** File and tensor that each weight of the model, vision tower included, was read from. */
    SortedMap<String, String> sources() {
        return sources;
    }

    /** File and tensor that the projector was read from. */
    String projector() {
        return sources.entrySet().stream()
                .filter(source -> source.getKey().startsWith(Checkpoint.PROJECTOR_PREFIX))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    @Override
    public long imagesComputed() {
        return features.computed();
    }
}
