package org.llava4j.train.stage;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.OutOfMemory;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.JsonInput;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.VisionTowerResolver;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.CheckpointManager;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.RunResult;
import org.llava4j.train.logging.RunStart;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;

/**
 * Runner of training stages: reads a model folder and data, trains, and writes a model folder. The features of the
 * frozen vision tower are computed once per image; the trained graph has only projector and decoder. The output appears
 * when the run is complete; a failed run leaves none.
 */
public final class StageRunner {
    private final Stage stage;
    private final RunPaths paths;
    private final RunOptions options;
    private final GradientExecutor gradientExecutor;
    private final InputSnapshot filesAtStart;
    private final LlavaConfig config;
    private final StageOutput output;
    private @Nullable MemoryPlan plan;

    private StageRunner(Stage stage, RunPaths paths, RunOptions options, GradientExecutor executor) {
        this.stage = stage;
        this.paths = paths;
        this.options = options;
        this.gradientExecutor = executor;
        filesAtStart = InputSnapshot.byMetadata(RunIdentity.paths(stage, paths));
        config = GradientWorker.config(stage, paths, options);
        output = new StageOutput(
                stage, paths, visionTower(paths.model(), paths.visionTower()), config, options.saveType());
    }

    /**
     * Runs a stage.
     *
     * @throws BadInputException if an input is missing or broken, or the stage does not fit the model
     */
    public static RunReport run(Stage stage, RunPaths paths, RunOptions options, TrainingListener listener) {
        return run(stage, paths, options, listener, GradientExecutor.LOCAL);
    }

    /**
     * Runs a stage whose gradients are computed by an executor; everything else runs on this machine.
     *
     * @throws BadInputException if an input is missing or broken, or the stage does not fit the model or the executor
     */
    public static RunReport run(
            Stage stage, RunPaths paths, RunOptions options, TrainingListener listener, GradientExecutor executor) {
        ValidationOptions validation = options.validation();
        if (options.checkpointPolicy().folder() == null && validation != null && validation.loadBestModelAtEnd()) {
            throw new BadInputException("loadBestModelAtEnd needs checkpoints, but the run has no checkpoint folder;"
                    + " set one in the CheckpointPolicy, or disable loadBestModelAtEnd");
        }
        if (options.machine() != null && options.machine().limitBytes() == 0) {
            // Checked before ND4J loads its native libraries, which hangs without address space.
            throw new BadInputException("out of memory: the address space limit is too low for training; raise it"
                    + " (ulimit -v), or reduce the Java heap (-Xmx)");
        }
        InputPaths inputs = RunInputs.of(stage, paths, options);
        try (AtomicFolder folder = AtomicFolder.begin(paths.output(), StageOutput.kind(stage), inputs)) {
            StageRunner runner = new StageRunner(stage, paths, options, executor);
            RunReport report = runner.run(folder, listener);
            folder.commit();
            return report;
        }
    }

    /**
     * Checks everything about a stage that does not need its weights: config, data, schedule, names of trainable
     * weights, memory. The projector of an earlier stage need not exist yet.
     *
     * @throws BadInputException if the stage cannot run
     */
    static void check(Stage stage, RunPaths paths, RunOptions options) {
        StageRunner runner = new StageRunner(stage, paths, options, GradientExecutor.LOCAL);
        List<BadSample> bad = new ArrayList<>();
        try (StageData data = StageData.open(stage, paths, runner.config, bad::add)) {
            stage.schedule(data.batches().batchesPerEpoch());
            if (!data.batches().hasNext()) {
                throw new BadInputException("stage " + stage.name() + ": no sample is valid; the first: "
                        + bad.get(0).where() + ": " + bad.get(0).reason());
            }
            MemoryPlan needed = runner.plan(data.batches());
            stage.requireMatches(needed.weightNames(), paths.model());
            if (options.machine() != null) {
                needed.requireFits(options.machine());
            }
        }
    }

    /** The given vision tower, or the one in the model's config. */
    public static Path visionTower(Path model, @Nullable Path given) {
        if (given == null && !LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + ": config.json has no \"mm_vision_tower\";" + " set --vision-tower");
        }
        return VisionTowerResolver.resolve(model, given);
    }

    private RunReport run(AtomicFolder folder, TrainingListener listener) {
        BadSampleLog bad = new BadSampleLog(listener);
        try (StageData data = StageData.open(stage, paths, config, bad)) {
            RunIdentity identity = RunIdentity.of(stage, paths, options, data, listener::notice);
            // Files read before hashing have not changed since.
            filesAtStart.requireUnchanged();
            return run(folder, data, identity, bad, listener);
        }
    }

    private RunReport run(
            AtomicFolder folder, StageData data, RunIdentity identity, BadSampleLog bad, TrainingListener listener) {
        CheckpointPolicy policy = options.checkpointPolicy();
        Path checkpoints = policy.folder();
        try (RunCheckpointer saver = checkpoints == null
                ? null
                : RunCheckpointer.open(
                        policy, checkpoints, identity.values(), RunIdentity.environment(gradientExecutor), listener)) {
            try {
                return trainOrExplainOutOfMemory(folder, data, identity, saver, bad, listener);
            } catch (RuntimeException | Error e) {
                reportFailure(listener, e);
                throw e;
            }
        }
    }

    /** Reports exhausted memory of any thread together with the memory plan. */
    private RunReport trainOrExplainOutOfMemory(
            AtomicFolder folder,
            StageData data,
            RunIdentity identity,
            @Nullable RunCheckpointer saver,
            BadSampleLog bad,
            TrainingListener listener) {
        try {
            return train(folder.path(), data, identity, saver, bad, listener);
        } catch (RuntimeException | Error e) {
            String report = OutOfMemory.report(e);
            if (report == null || plan == null) {
                throw e;
            }
            throw new BadInputException(report + "; " + plan.outOfMemoryAdvice(), e);
        }
    }

    private static void reportFailure(TrainingListener listener, Throwable cause) {
        try {
            listener.runEnded(
                    cause instanceof RunStoppedException stop
                            ? RunResult.stopped(stop.getMessage())
                            : RunResult.failed(cause));
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private RunReport train(
            Path folder,
            StageData data,
            RunIdentity identity,
            @Nullable RunCheckpointer saver,
            BadSampleLog bad,
            TrainingListener listener) {
        CosineScheduleWithWarmup schedule = stage.schedule(data.batches().batchesPerEpoch());
        plan(data.batches(), listener);
        GradientWorker worker = GradientWorker.load(stage, paths, options, saver != null, listener::notice);
        FrozenWeightCheck weightCheck = new FrozenWeightCheck(worker.model(), worker.tower());
        Trainer trainer = new Trainer(worker.model(), stage.adamW(), schedule);
        TrainingLoop loop;
        long imagesComputed;
        long startNanos = System.nanoTime();
        try (StepGradients gradients = gradientExecutor.open(stage, paths, options, worker, listener)) {
            data.batches().setImageLoader(worker.images());
            loop = new TrainingLoop(stage, trainer, data.batches(), gradients, bad, schedule.totalSteps());
            if (saver != null) {
                saver.requireCompatible(
                        weightCheck.before(),
                        schedule.totalSteps(),
                        data.batches().sources());
                Path checkpoint = saver.resumed();
                if (checkpoint != null) {
                    loop.resumeFrom(checkpoint);
                    bad.addAll(CheckpointManager.state(checkpoint).badSamples());
                }
            }
            Path log = saver == null ? folder.resolve(MetricsLog.FILE) : saver.liveLog();
            listener.trainingStarted(new RunStart(
                    stage.name(),
                    Stages.tree(stage),
                    schedule.totalSteps(),
                    loop.totals(),
                    saver == null ? folder : saver.folder(),
                    worker.model().graph(),
                    schedule,
                    listener::notice));
            try (MetricsLog metrics = MetricsLog.of(log, listener::notice);
                    Validation validation = validation(worker, listener)) {
                StepActions actions = new StepActions(
                        loop, data.batches(), saver, validation, weightCheck.before(), bad, metrics, listener);
                loop.run(actions);
                requireUnchanged(identity, actions);
                actions.loadBestWeights();
            } finally {
                listener.trainingEnded();
            }
            imagesComputed = gradients.imagesComputed();
        }
        int truncated = data.batches().truncatedSamples();
        if (truncated > 0) {
            listener.notice(
                    truncated + (truncated == 1 ? " sample was" : " samples were") + " longer than \"modelMaxLength\" ("
                            + stage.modelMaxLength() + ") and truncated; lint-data lists them");
        }
        TrainingTotals totals = loop.totals();
        if (totals.badSteps() == totals.steps()) {
            throw new BadInputException("each of the " + totals.steps() + " steps was rejected, no weight was trained;"
                    + " see the reasons in metrics.jsonl");
        }
        RunReport.Summary summary = new RunReport.Summary(
                stage.name(),
                data.sha256(),
                data.report(totals.samplesPerSource()),
                totals.steps(),
                totals.samples(),
                totals.meanLoss(),
                totals.smoothedLoss(),
                data.batches().skippedSamples(),
                totals.badSteps(),
                totals.paddingShare(),
                imagesComputed,
                worker.projector(),
                (System.nanoTime() - startNanos) * 1e-9,
                weightCheck.check(),
                identity.values(),
                saver == null ? List.of() : saver.startedFrom());
        bad.write(folder);
        output.write(folder, worker.model(), summary);
        identity.files().requireUnchanged();
        listener.runEnded(RunResult.finished(
                JsonInput.parse(RunReport.FILE, summary.json().getBytes(StandardCharsets.UTF_8))));
        if (saver != null) {
            saver.moveRunFiles(folder);
        }
        output.writeManifest(folder, worker.sources());
        return new RunReport(paths.output(), summary);
    }

    /** If a file of the model has changed, there is no output, but a last checkpoint, so that no step is lost. */
    private static void requireUnchanged(RunIdentity identity, StepActions steps) {
        try {
            identity.files().requireUnchanged();
        } catch (BadInputException e) {
            throw steps.saveLast()
                    ? new BadInputException(
                            e.getMessage() + "; a checkpoint of the last step is written, restore the file and resume"
                                    + " with --resume auto",
                            e)
                    : e;
        }
    }

    private @Nullable Validation validation(GradientWorker worker, TrainingListener listener) {
        ValidationOptions validation = options.validation();
        return validation == null
                ? null
                : Validation.open(
                        validation, stage, paths, config, worker.features(), worker.model(), listener::notice);
    }

    /** Reports the memory plan, rejects a run that does not fit, and limits the memory pool to the remainder. */
    private void plan(LlavaBatchIterator batches, TrainingListener listener) {
        MemoryPlan needed = plan(batches);
        plan = needed;
        gradientExecutor.requireSupported(stage, needed);
        MachineMemory machine = options.machine();
        if (machine == null) {
            return;
        }
        listener.memoryPlanned(needed, machine);
        needed.requireFits(machine);
        PooledMemory.forCurrentThread().limitFreeBytes(machine.allowedBytes() - needed.neededBytes());
    }

    private MemoryPlan plan(LlavaBatchIterator batches) {
        long samples = (long) batches.batchesPerEpoch() * stage.perDeviceTrainBatchSize();
        return MemoryPlan.of(StagePlan.of(stage, config, options, samples));
    }
}
