package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureCache;
import org.llava4j.model.features.FeatureStore;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.lora.LoraTensorSource;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.BatchGradients;
import org.llava4j.train.GradientAccumulator;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All that gradients of a stage are made with: the graph of projector and decoder, what of it learns, and the frozen tower
 * with the features that it made. One thread uses it.
 */
public final class GradientWorker implements StepGradients {
    private final Llava model;
    private final TowerFeatures tower;
    private final FeatureCache features;
    private final SortedMap<String, String> sources;
    private final BatchAssembler assembler;
    private final BatchGradients gradients;

    private GradientWorker(
            LlavaConfig config,
            Llava model,
            TowerFeatures tower,
            FeatureCache features,
            SortedMap<String, String> sources) {
        this.model = model;
        this.tower = tower;
        this.features = features;
        this.sources = sources;
        this.assembler = new BatchAssembler(config, features);
        this.gradients = new BatchGradients(model);
    }

    /**
     * Loads what a stage begins with and freezes what does not learn.
     *
     * @param picturesAlone whether the tower sees each picture alone, so that its features do not depend, in the last bits,
     *     on which others are wanted with it: as a run needs that shall go on, or go elsewhere, with the same numbers
     * @param notices receives a line for what the run can do without: a feature cache that cannot be used
     * @throws org.llava4j.data.BadInputException if anything that was given is missing or broken, or does not fit
     */
    public static GradientWorker load(
            Stage stage, RunPaths paths, RunOptions options, boolean picturesAlone, Consumer<String> notices) {
        Path visionTower = StageRunner.visionTower(paths.model(), paths.visionTower());
        LlavaConfig config = config(stage, paths, options);
        TowerFeatures tower = TowerFeatures.load(paths.model(), visionTower, config, options.frozenDtype());
        Optional<FeatureStore> store = Optional.ofNullable(paths.featureCache())
                .flatMap(folder -> FeatureStore.openIfPossible(folder, options.featureCacheBytes(), notices));
        FeatureCache features = new FeatureCache(
                picturesAlone ? tower.unbatched() : tower,
                tower.fingerprint(config),
                store,
                options.featureMemoryBytes(),
                notices);
        try (Checkpoint checkpoint =
                weights(stage, paths).withoutTower().withWeightDtype(options.frozenDtype(), stage::isTrainable)) {
            Llava model = Llava.build(
                    config, new LoraTensorSource(checkpoint, stage.seed()), ImageInput.FEATURES, stage.graphLora());
            stage.requireMatches(model.weightNames(), paths.model());
            model.setTrainable(stage::isTrainable);
            model.setGradientCheckpointing(options.gradientCheckpointing());
            return new GradientWorker(
                    config,
                    model,
                    tower,
                    features,
                    checkpoint.plan(Llava.weightShapes(config)).sources());
        }
    }

    /** What the model is in a run: its config, with what stage and options say otherwise. */
    static LlavaConfig config(Stage stage, RunPaths paths, RunOptions options) {
        LlavaConfig read = LlavaConfig.read(paths.model(), StageRunner.visionTower(paths.model(), paths.visionTower()));
        return new LlavaConfig(
                read.vision(),
                read.decoder(),
                options.projectorType().orElse(read.projector()),
                options.selectLayer().orElse(read.selectLayer()),
                read.selectFeature(),
                stage.maxLength(),
                read.padLeft(),
                stage.imageAspectRatio() == AspectRatio.PAD,
                read.imageStartEndTokens());
    }

    /** The weights that a run begins with. */
    static Checkpoint weights(Stage stage, RunPaths paths) {
        Checkpoint checkpoint =
                Checkpoint.llava(paths.model(), StageRunner.visionTower(paths.model(), paths.visionTower()));
        if (paths.projector() != null) {
            checkpoint.withProjector(paths.projector());
        }
        if (stage.freshProjector()) {
            checkpoint.withNewProjector(stage.seed());
        }
        return checkpoint;
    }

    @Override
    public GradientAccumulator sum(int step, List<BatchPlan> batches) {
        GradientAccumulator sum = new GradientAccumulator();
        try {
            for (int pass = 0; pass < batches.size(); pass++) {
                add(batches.get(pass), step, pass, sum);
            }
            return sum;
        } catch (RuntimeException | Error e) {
            sum.close();
            throw e;
        }
    }

    /**
     * Adds the gradients of one batch.
     *
     * @param step counted from 0
     * @param pass which batch of the step it is, counted from 0
     */
    public void add(BatchPlan batch, int step, int pass, GradientAccumulator sum) {
        Map<String, INDArray> fed = assembler.placeholders(batch);
        try {
            gradients.add(fed, step, pass, sum);
        } finally {
            // They lie outside of the heap, where the collector does not see how large they are.
            fed.values().forEach(INDArray::close);
        }
    }

    public Llava model() {
        return model;
    }

    TowerFeatures tower() {
        return tower;
    }

    FeatureCache features() {
        return features;
    }

    /** Where the weights of the whole model, tower included, came from. */
    SortedMap<String, String> sources() {
        return sources;
    }

    /** Where the projector came from. */
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

    @Override
    public void close() {
        // The graph's memory goes with the graph.
    }
}
