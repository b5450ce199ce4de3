package org.llava4j.train.run;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.OutOfMemory;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.JsonInput;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.StepGradients;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.data.StageData;
import org.llava4j.train.logging.MetricsLog;
import org.llava4j.train.logging.ProgressMeter;
import org.llava4j.train.logging.RunResult;
import org.llava4j.train.logging.RunStart;
import org.llava4j.train.logging.TrainingListener;
import org.llava4j.train.plan.MachineMemory;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Runner of training stages: reads a model folder and data, trains, and writes a model folder. The features of the
 * frozen vision tower are computed once per image; the trained graph has only projector and decoder. The output appears
 * when the run is complete; a failed or stopped run leaves none.
 */
public final class StageRunner {
    private final Stage stage;
    private final RunPaths paths;
    private final RunOptions options;
    private final TrainingListener listener;
    private final GradientExecutor gradientExecutor;
    private final InputSnapshot filesAtStart;
    private final LlavaConfig config;
    private final StageOutput output;
    private final BadSampleLog bad;
    private @Nullable MemoryPlan plan;

    private StageRunner(
            Stage stage, RunPaths paths, RunOptions options, TrainingListener listener, GradientExecutor executor) {
        this.stage = stage;
        this.paths = paths;
        this.options = options;
        this.listener = listener;
        this.gradientExecutor = executor;
        filesAtStart = InputSnapshot.byMetadata(RunIdentity.paths(stage, paths));
        config = GradientWorker.config(stage, paths, options);
        AdapterStart.require(stage, paths, config);
        QuantizedBase.requireFloatStart(stage, paths, config);
        output = new StageOutput(stage, paths, paths.towerFolder(), config, options.saveType());
        bad = new BadSampleLog(listener);
    }

    /**
     * Runs a stage.
     *
     * @return report of the run; it says if a listener stopped the run before its last step
     * @throws BadInputException if an input is missing or broken, or the stage does not fit the model
     */
    public static RunReport run(Stage stage, RunPaths paths, RunOptions options, TrainingListener listener) {
        return run(stage, paths, options, listener, GradientExecutor.LOCAL);
    }

    /**
     * Runs a stage whose gradients are computed by an executor; everything else runs on this machine.
     *
     * @return report of the run; it says if a listener stopped the run before its last step
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
            RunReport report = new StageRunner(stage, paths, options, listener, executor).run(folder.path());
            if (report.stopped() == null) {
                folder.commit();
            }
            return report;
        }
    }

    /**
     * Opens the data of a stage for a training loop of your own, such as {@code SameDiff.fit}: its batches have the
     * features of their images, after the preprocessor.
     *
     * @param listener is notified of invalid samples, which the stage may allow, and of a feature cache that cannot be used
     * @throws BadInputException if an input is missing or broken, or the data does not fit the stage
     */
    public static StageData openData(Stage stage, RunPaths paths, RunOptions options, TrainingListener listener) {
        LlavaConfig config = GradientWorker.config(stage, paths, options);
        StageData data = StageData.open(
                stage,
                paths.model(),
                paths.sources(),
                config,
                bad -> listener.notice(bad.where() + ": skipped: " + bad.reason()));
        return CloseOnFailure.run(data, () -> {
            data.batches().setImageLoader(GradientWorker.images(config, paths, options, listener::notice));
            data.batches().setPreProcessor(options.preProcessor());
            return data;
        });
    }

    /**
     * Checks everything about a stage that does not need its weights: config, data, schedule, names of trainable
     * weights, memory. The projector of an earlier stage need not exist yet.
     *
     * @throws BadInputException if the stage cannot run
     */
    static void check(Stage stage, RunPaths paths, RunOptions options) {
        StageRunner runner = new StageRunner(stage, paths, options, TrainingListener.NONE, GradientExecutor.LOCAL);
        List<BadSample> skipped = new ArrayList<>();
        try (StageData data = StageData.open(stage, paths.model(), paths.sources(), runner.config, skipped::add)) {
            stage.learningRates(data.batches().batchesPerEpoch());
            if (!data.batches().hasNext()) {
                throw new BadInputException("stage " + stage.name() + ": " + noValidSample(skipped));
            }
            MemoryPlan needed = runner.plan(data.batches());
            stage.model().requireMatches(needed.weightNames(), paths.model());
            if (options.machine() != null) {
                needed.requireFits(options.machine());
            }
        }
    }

    private static String noValidSample(List<BadSample> skipped) {
        BadSample first = skipped.get(0);
        return "no sample is valid; the first: " + first.where() + ": " + first.reason();
    }

    private RunReport run(Path folder) {
        try (StageData data = StageData.open(stage, paths.model(), paths.sources(), config, bad)) {
            SourceReport.notify(paths.sources(), data, listener);
            AdapterStart.requireBase(stage, paths, config);
            RunIdentity identity = RunIdentity.of(stage, paths, options, data, listener::notice);
            // Files read before hashing have not changed since.
            filesAtStart.requireUnchanged();
            CheckpointPolicy policy = options.checkpointPolicy();
            Path checkpoints = policy.folder();
            try (RunCheckpointer saver = checkpoints == null
                    ? null
                    : RunCheckpointer.open(
                            policy,
                            checkpoints,
                            identity.values(),
                            RunIdentity.environment(gradientExecutor),
                            bad,
                            listener)) {
                return trainAndReportFailure(folder, data, identity, saver);
            }
        }
    }

    /** Reports a failure to the listener, and exhausted memory of any thread together with the memory plan. */
    private RunReport trainAndReportFailure(
            Path folder, StageData data, RunIdentity identity, @Nullable RunCheckpointer saver) {
        try {
            return train(folder, data, identity, saver);
        } catch (RuntimeException | Error e) {
            String report = OutOfMemory.report(e);
            if (report == null || plan == null) {
                reportFailure(e);
                throw e;
            }
            BadInputException explained = new BadInputException(report + "; " + plan.outOfMemoryAdvice(), e);
            reportFailure(explained);
            throw explained;
        }
    }

    private void reportFailure(Throwable failure) {
        try {
            listener.runEnded(RunResult.failed(failure));
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private RunReport train(Path folder, StageData data, RunIdentity identity, @Nullable RunCheckpointer saver) {
        LlavaBatchIterator batches = data.batches();
        CosineScheduleWithWarmup schedule = stage.learningRates(batches.batchesPerEpoch());
        int totalSteps = schedule.totalSteps();
        requireMemory(batches);
        GradientWorker worker = GradientWorker.load(stage, paths, options, saver != null, listener::notice);
        // The identity was computed before: what was loaded is what it describes.
        filesAtStart.requireUnchanged();
        FrozenWeightCheck weightCheck = new FrozenWeightCheck(worker.model(), worker.tower());
        Trainer trainer = new Trainer(worker.model(), stage.optimizer().adamW(), schedule);
        long startNanos = System.nanoTime();
        StepGradients gradients = gradientExecutor.open(stage, paths, options, worker, listener);
        batches.setImageLoader(worker.images());
        batches.setPreProcessor(options.preProcessor());
        if (saver != null) {
            saver.requireCompatible(weightCheck.before(), totalSteps, batches.sources());
            saver.restore(trainer, batches);
        }
        Path log = saver == null ? folder.resolve(MetricsLog.FILE) : saver.liveLog();
        listener.trainingStarted(new RunStart(
                stage.name(),
                Stages.tree(stage),
                totalSteps,
                trainer.totals(),
                saver == null ? folder : saver.folder(),
                worker.model().graph(),
                schedule,
                listener::notice));
        boolean finished;
        try (MetricsLog metrics = MetricsLog.of(log, listener::notice);
                Validation validation = validation(worker)) {
            RunCallbacks callbacks = new RunCallbacks(
                    trainer,
                    batches,
                    saver,
                    validation,
                    metrics,
                    listener,
                    new ProgressMeter(stage.name(), totalSteps, trainer.totals()),
                    totalSteps);
            if (trainer.totals().steps() == 0 && !batches.hasNext()) {
                throw new BadInputException(noValidSample(bad.all()));
            }
            finished = trainer.fit(
                    batches,
                    gradients,
                    new Trainer.Settings(
                            stage.schedule().gradientAccumulationSteps(),
                            stage.limits().maxBadSteps(),
                            stage.limits().explodingLoss()),
                    callbacks);
            if (finished) {
                requireUnchanged(identity, callbacks);
                callbacks.loadBestWeights();
            }
        } finally {
            listener.trainingEnded();
        }
        TrainingTotals totals = trainer.totals();
        if (!finished) {
            return stopped(totals.steps(), totalSteps, saver != null);
        }
        reportTruncated(batches.truncatedSamples());
        if (totals.badSteps() == totals.steps()) {
            throw new BadInputException("each of the " + totals.steps() + " steps was rejected, no weight was trained;"
                    + " see the reasons in metrics.jsonl");
        }
        RunReport.Summary summary = new RunReport.Summary(
                stage.name(),
                data.sha256(),
                SourceReport.of(paths.sources(), data, totals.samplesPerSource()),
                totals.steps(),
                totals.samples(),
                totals.meanLoss(),
                totals.smoothedLoss(),
                batches.skippedSamples(),
                totals.badSteps(),
                totals.paddingShare(),
                totals.unpackedPaddingShare(),
                gradients.imagesComputed(),
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
        return new RunReport(paths.output(), summary, null);
    }

    private RunReport stopped(int step, int totalSteps, boolean hasCheckpoint) {
        String message = "stopped after step " + step + " of " + totalSteps
                + (hasCheckpoint
                        ? "; a checkpoint is written, resume from it with --resume auto"
                        : "; no checkpoint was written, because the run has no checkpoint folder");
        try {
            listener.runEnded(RunResult.stopped(message));
        } catch (BadInputException e) {
            // The checkpoint is written, so the run can be resumed.
            listener.notice(e.getMessage());
        }
        return new RunReport(paths.output(), null, message);
    }

    private void reportTruncated(int samples) {
        if (samples > 0) {
            listener.notice(
                    samples + (samples == 1 ? " sample was" : " samples were") + " longer than \"modelMaxLength\" ("
                            + stage.data().modelMaxLength() + ") and truncated; lint-data lists them");
        }
    }

    /** If a file of the model has changed, there is no output, but a last checkpoint, so that no step is lost. */
    private static void requireUnchanged(RunIdentity identity, RunCallbacks callbacks) {
        try {
            identity.files().requireUnchanged();
        } catch (BadInputException e) {
            throw callbacks.saveLast()
                    ? new BadInputException(
                            e.getMessage() + "; a checkpoint of the last step is written, restore the file and resume"
                                    + " with --resume auto",
                            e)
                    : e;
        }
    }

    private @Nullable Validation validation(GradientWorker worker) {
        ValidationOptions validation = options.validation();
        return validation == null
                ? null
                : Validation.open(
                        validation, stage, paths, config, worker.features(), worker.model(), listener::notice);
    }

    /** Reports the memory plan, rejects a run that does not fit, and limits the memory pool to the remainder. */
    private void requireMemory(LlavaBatchIterator batches) {
        MemoryPlan needed = plan(batches);
        plan = needed;
        gradientExecutor.requireSupported(stage, options, needed);
        MachineMemory machine = options.machine();
        if (machine == null) {
            return;
        }
        listener.memoryPlanned(needed, machine);
        needed.requireFits(machine);
        PooledMemory.forCurrentThread().limitFreeBytes(machine.allowedBytes() - needed.neededBytes());
    }

    private MemoryPlan plan(LlavaBatchIterator batches) {
        long samples = (long) batches.batchesPerEpoch() * stage.schedule().perDeviceTrainBatchSize();
        return MemoryPlan.of(StagePlan.of(stage, config, options, samples, () -> GradientWorker.weights(stage, paths)));
    }
}
