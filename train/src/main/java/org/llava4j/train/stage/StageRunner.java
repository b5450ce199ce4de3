package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureCache;
import org.llava4j.model.features.FeatureStore;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointWriter;
import org.llava4j.model.weights.CheckpointWriter.Origin;
import org.llava4j.train.AdamW;
import org.llava4j.train.Trainer;
import org.llava4j.train.WarmupCosine;
import org.llava4j.train.plan.Machine;
import org.llava4j.train.plan.MemoryPlan;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a stage: a model folder and data in, a trained model folder out. The frozen tower's features are computed once
 * per image; the graph that learns holds projector and decoder. The output appears when all is done; a run that fails
 * leaves nothing.
 */
public final class StageRunner {
    private static final String STAGE_FILE = "stage.json";

    private final Stage stage;
    private final RunPaths paths;
    private final RunOptions options;
    private final LlavaConfig config;
    private final Path visionTower;

    private StageRunner(Stage stage, RunPaths paths, RunOptions options) {
        this.stage = stage;
        this.paths = paths;
        this.options = options;
        visionTower = visionTower(paths.model(), paths.visionTower());
        config = config();
    }

    /**
     * Runs a stage from its start to its end.
     *
     * @throws BadInputException if anything that was given is missing or broken, or the stage does not fit the model
     */
    public static RunReport run(Stage stage, RunPaths paths, RunOptions options, RunListener listener) {
        if (paths.output()
                .toAbsolutePath()
                .normalize()
                .equals(paths.model().toAbsolutePath().normalize())) {
            throw new BadInputException("the output folder " + paths.output()
                    + " is the model that the run begins with; choose another, so that it is not lost");
        }
        try (AtomicFolder folder = AtomicFolder.begin(paths.output(), CheckpointWriter.KIND)) {
            StageRunner runner = new StageRunner(stage, paths, options);
            RunReport report = runner.run(folder.path(), listener);
            folder.commit();
            return report;
        }
    }

    /** The given tower, or the one that the model's config names. */
    static Path visionTower(Path model, Path given) {
        if (given == null && !LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + ": config.json names no vision tower (\"mm_vision_tower\");"
                    + " name one (--vision-tower)");
        }
        return given != null ? given : LlavaConfig.visionTowerOf(model);
    }

    /** What the model is in this run: its config, with what stage and options say otherwise. */
    private LlavaConfig config() {
        LlavaConfig read = LlavaConfig.read(paths.model(), visionTower);
        return new LlavaConfig(
                read.vision(),
                read.decoder(),
                options.projectorType().orElse(read.projector()),
                options.selectLayer().orElse(read.selectLayer()),
                read.selectFeature(),
                stage.maxLength(),
                read.padLeft(),
                stage.imageAspectRatio() == AspectRatio.PAD,
                read.imageSlot());
    }

    private RunReport run(Path folder, RunListener listener) {
        try (StageData data = StageData.open(stage, paths, config)) {
            WarmupCosine schedule = stage.schedule(data.batches().batchesPerEpoch());
            plan(data.batches(), listener);
            TowerFeatures tower = TowerFeatures.load(paths.model(), visionTower, config, options.frozenType());
            FeatureCache features = cache(tower);
            Loaded loaded = load();
            Llava model = loaded.model();
            freeze(model);
            FreezeProof proof = new FreezeProof(model, tower);
            List<Trainer.Step> steps = new ArrayList<>();
            Progress last;
            try (RunLog log = RunLog.in(folder)) {
                last = train(model, schedule, data.batches(), features, progress -> {
                    steps.add(progress.step());
                    log.step(progress);
                    listener.step(progress);
                });
            } finally {
                listener.end();
            }
            RunReport.Summary summary = new RunReport.Summary(
                    stage.name(),
                    steps.size(),
                    last.samples(),
                    steps.stream().mapToDouble(Trainer.Step::loss).average().orElseThrow(),
                    last.smoothedLoss(),
                    data.batches().unlearnable(),
                    last.paddingShare(),
                    features.computed(),
                    loaded.projector(),
                    last.elapsedMs() / 1e3,
                    proof.check());
            write(folder, model, summary);
            return new RunReport(paths.output(), List.copyOf(steps), summary);
        }
    }

    /** Says what the run takes, refuses it where there is no room, and keeps the pool to what is left. */
    private void plan(LlavaBatchIterator batches, RunListener listener) {
        if (options.machine().isEmpty()) {
            return;
        }
        Machine machine = options.machine().get();
        long samples = (long) batches.batchesPerEpoch() * stage.batchSize();
        MemoryPlan plan = MemoryPlan.of(StagePlan.of(stage, config, options, OptionalLong.of(samples)));
        listener.planned(plan, machine);
        plan.requireFit(machine);
        PooledMemory.ofThisThread().keepAtMost(machine.allowedBytes() - plan.neededBytes());
    }

    /** @param projector where its first weights came from */
    private record Loaded(Llava model, String projector) {}

    private Loaded load() {
        try (Checkpoint checkpoint = Checkpoint.llava(paths.model(), visionTower)
                .withoutTower()
                .withFrozenType(options.frozenType(), stage::learns)) {
            if (paths.projector() != null) {
                checkpoint.withProjector(paths.projector());
            }
            if (stage.freshProjector()) {
                checkpoint.withFreshProjector(stage.seed());
            }
            Llava model = Llava.build(config, checkpoint, ImageInput.FEATURES);
            String projector = model.weightNames().stream()
                    .filter(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX))
                    .findFirst()
                    .orElseThrow();
            return new Loaded(model, checkpoint.plan().sources().get(projector));
        }
    }

    private FeatureCache cache(TowerFeatures tower) {
        Optional<FeatureStore> store = Optional.ofNullable(paths.featureCache())
                .map(folder -> FeatureStore.open(folder, options.featureCacheBytes()));
        return new FeatureCache(tower, tower.identity(config), store, options.featureMemoryBytes());
    }

    private void freeze(Llava model) {
        stage.requireMatches(model.weightNames(), paths.model());
        model.train(stage::learns);
    }

    private Progress train(
            Llava model,
            WarmupCosine schedule,
            LlavaBatchIterator batches,
            FeatureCache features,
            RunListener listener) {
        Trainer trainer = new Trainer(model, new AdamW(stage.optimizer()), schedule);
        Progress.Meter meter = new Progress.Meter(stage.name(), schedule.totalSteps());
        Fed fed = new Fed();
        Progress progress = null;
        while (progress == null || progress.step().step() < schedule.totalSteps()) {
            List<BatchPlan> plans = new ArrayList<>();
            while (plans.size() < stage.accumulation() && batches.hasNext()) {
                plans.add(batches.nextPlan());
            }
            if (plans.isEmpty()) {
                nextEpoch(batches);
                continue;
            }
            Trainer.Step step = trainer.step(plans.stream()
                    .map(plan -> fed.next(placeholders(plan, features)))
                    .iterator());
            fed.close();
            int samples = plans.stream().mapToInt(plan -> plan.layout().rows()).sum();
            progress = meter.after(step, samples, batches.paddingShare());
            listener.step(progress);
        }
        return progress;
    }

    /** What the graph was fed last. It lies outside of the heap, where the collector does not see how large it is. */
    private static final class Fed {
        private final List<INDArray> arrays = new ArrayList<>();

        Map<String, INDArray> next(Map<String, INDArray> batch) {
            close();
            arrays.addAll(batch.values());
            return batch;
        }

        void close() {
            arrays.forEach(INDArray::close);
            arrays.clear();
        }
    }

    private void nextEpoch(LlavaBatchIterator batches) {
        batches.reset();
        if (!batches.hasNext()) {
            throw new BadInputException(paths.data() + ": no sample has anything to learn");
        }
    }

    private Map<String, INDArray> placeholders(BatchPlan plan, FeatureCache features) {
        int width = config.vision().hiddenSize();
        int perImage = config.imageVectors() * width;
        float[] vectors = new float[plan.layout().images(config.imageVectors()) * perImage];
        List<float[]> each = features.features(plan.images());
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, vectors, i * perImage, perImage);
        }
        return Placeholders.features(
                plan.layout(), Nd4j.createFromArray(vectors).reshape(-1, width));
    }

    private void write(Path folder, Llava model, RunReport.Summary summary) {
        Origin origin = new Origin(paths.model(), visionTower, config, stage.chatFormat());
        CheckpointWriter.writeInto(folder, model, origin, options.saveAs());
        AtomicFile.writeString(folder.resolve(STAGE_FILE), Stages.json(stage));
        AtomicFile.writeString(folder.resolve(RunReport.FILE), summary.json());
    }
}
