package org.llava4j.train.stage;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.JsonInput;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.cli.OutOfMemory;
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
 * Runs a stage: a model folder and data in, a trained model folder out. The frozen tower's features are computed once
 * per image; the graph that learns holds projector and decoder. The output appears when all is done; a run that fails
 * leaves nothing.
 */
public final class StageRunner {
    private final Stage stage;
    private final RunPaths paths;
    private final RunOptions options;
    private final GradientExecutor gradientExecutor;
    private final InputSnapshot filesAtStart;
    private final LlavaConfig config;
    private final StageOutput output;
    private MemoryPlan plan;

    private StageRunner(Stage stage, RunPaths paths, RunOptions options, GradientExecutor place) {
        this.stage = stage;
        this.paths = paths;
        this.options = options;
        this.gradientExecutor = place;
        filesAtStart = InputSnapshot.byMetadata(RunIdentity.paths(stage, paths));
        config = GradientWorker.config(stage, paths, options);
        output = new StageOutput(
                stage, paths, visionTower(paths.model(), paths.visionTower()), config, options.saveType());
    }

    /**
     * Runs a stage from its start to its end.
     *
     * @throws BadInputException if anything that was given is missing or broken, or the stage does not fit the model
     */
    public static RunReport run(Stage stage, RunPaths paths, RunOptions options, TrainingListener listener) {
        return run(stage, paths, options, listener, GradientExecutor.LOCAL);
    }

    /** The same with gradients that are computed elsewhere; all else of the run is on this machine. */
    public static RunReport run(
            Stage stage, RunPaths paths, RunOptions options, TrainingListener listener, GradientExecutor place) {
        if (options.checkpointPolicy().folder() == null
                && options.validation()
                        .map(ValidationOptions::loadBestModelAtEnd)
                        .orElse(false)) {
            throw new BadInputException("the best weights are to be kept, but the run has no folder for checkpoints;"
                    + " give it one (Saving), or leave the last weights");
        }
        if (options.machine().filter(machine -> machine.limitBytes() == 0).isPresent()) {
            // Before ND4J loads its libraries, which do not end where there is no room for them.
            throw new BadInputException(
                    "out of memory: the limit of the address space leaves no room for a run; raise it"
                            + " (ulimit -v), or give the Java heap less (-Xmx)");
        }
        InputPaths inputs = RunInputs.of(stage, paths, options);
        try (AtomicFolder folder = AtomicFolder.begin(paths.output(), StageOutput.kind(stage), inputs)) {
            StageRunner runner = new StageRunner(stage, paths, options, place);
            RunReport report = runner.run(folder, listener);
            folder.commit();
            return report;
        }
    }

    /**
     * Checks everything about a stage that is known before its weights are read: config, data, schedule, names of the
     * trainable weights, memory. A projector that an earlier stage still has to write is not needed.
     *
     * @throws BadInputException if the stage cannot run
     */
    static void check(Stage stage, RunPaths paths, RunOptions options) {
        StageRunner runner = new StageRunner(stage, paths, options, GradientExecutor.LOCAL);
        List<BadSample> bad = new ArrayList<>();
        try (StageData data = StageData.open(stage, paths, runner.config, bad::add)) {
            stage.schedule(data.batches().batchesPerEpoch());
            if (!data.batches().hasNext()) {
                throw new BadInputException("stage " + stage.name() + ": not one sample is valid; the first: "
                        + bad.get(0).where() + ": " + bad.get(0).reason());
            }
            MemoryPlan needed = runner.plan(data.batches());
            stage.requireMatches(needed.weightNames(), paths.model());
            options.machine().ifPresent(needed::requireFits);
        }
    }

    /** The given tower, or the one that the model's config names. */
    public static Path visionTower(Path model, Path given) {
        if (given == null && !LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + ": config.json names no vision tower (\"mm_vision_tower\");"
                    + " name one (--vision-tower)");
        }
        return VisionTowerResolver.resolve(model, given);
    }

    private RunReport run(AtomicFolder place, TrainingListener listener) {
        BadSampleLog bad = new BadSampleLog(listener);
        try (StageData data = StageData.open(stage, paths, config, bad)) {
            RunIdentity identity = RunIdentity.of(stage, paths, options, data, listener::notice);
            // What was read before the hashes were taken is what was hashed.
            filesAtStart.requireUnchanged();
            return run(place, data, identity, bad, listener);
        }
    }

    private RunReport run(
            AtomicFolder place, StageData data, RunIdentity identity, BadSampleLog bad, TrainingListener listener) {
        try (RunCheckpointer saver = options.checkpointPolicy().folder() == null
                ? null
                : RunCheckpointer.open(
                        options.checkpointPolicy(),
                        identity.values(),
                        RunIdentity.environment(gradientExecutor),
                        listener)) {
            try {
                return trainOrExplainOutOfMemory(place, data, identity, saver, bad, listener);
            } catch (RuntimeException | Error e) {
                reportFailure(listener, e);
                throw e;
            }
        }
    }

    /** Memory that is exhausted, on whichever thread, is reported with what was planned. */
    private RunReport trainOrExplainOutOfMemory(
            AtomicFolder place,
            StageData data,
            RunIdentity identity,
            RunCheckpointer saver,
            BadSampleLog bad,
            TrainingListener listener) {
        try {
            return train(place.path(), data, identity, saver, bad, listener);
        } catch (RuntimeException | Error e) {
            Optional<String> report = OutOfMemory.report(e);
            if (report.isEmpty() || plan == null) {
                throw e;
            }
            throw new BadInputException(report.get() + "; " + plan.outOfMemoryAdvice(), e);
        }
    }

    private static void reportFailure(TrainingListener listener, Throwable cause) {
        try {
            listener.runEnded(
                    cause instanceof RunStoppedException
                            ? RunResult.stopped(cause.getMessage())
                            : RunResult.failed(cause));
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private RunReport train(
            Path folder,
            StageData data,
            RunIdentity identity,
            RunCheckpointer saver,
            BadSampleLog bad,
            TrainingListener listener) {
        CosineScheduleWithWarmup schedule = stage.schedule(data.batches().batchesPerEpoch());
        plan(data.batches(), listener);
        GradientWorker learner = GradientWorker.load(stage, paths, options, saver != null, listener::notice);
        FrozenWeightCheck proof = new FrozenWeightCheck(learner.model(), learner.tower());
        Trainer trainer = new Trainer(learner.model(), stage.adamW(), schedule);
        TrainingLoop loop;
        long pictures;
        long begun = System.nanoTime();
        try (StepGradients gradients = gradientExecutor.open(stage, paths, options, learner, listener)) {
            loop = new TrainingLoop(stage, trainer, data.batches(), gradients, bad, schedule.totalSteps());
            if (saver != null) {
                saver.requireCompatible(
                        proof.before(), schedule.totalSteps(), data.batches().sources());
                saver.resumed().ifPresent(checkpoint -> {
                    loop.resumeFrom(checkpoint);
                    bad.addAll(CheckpointManager.state(checkpoint).badSamples());
                });
            }
            Path log = saver == null ? folder.resolve(MetricsLog.FILE) : saver.liveLog();
            listener.trainingStarted(new RunStart(
                    stage.name(),
                    Stages.tree(stage),
                    schedule.totalSteps(),
                    loop.totals(),
                    log.getParent(),
                    learner.model().graph(),
                    schedule,
                    listener::notice));
            try (MetricsLog lines = MetricsLog.of(log, listener::notice);
                    Validation validation = validation(learner, listener)) {
                StepActions each =
                        new StepActions(loop, data.batches(), saver, validation, proof.before(), bad, lines, listener);
                loop.run(each);
                requireUnchanged(identity, each);
                each.loadBestWeights();
            } finally {
                listener.trainingEnded();
            }
            pictures = gradients.imagesComputed();
        }
        int truncated = data.batches().truncatedSamples();
        if (truncated > 0) {
            listener.notice(truncated + (truncated == 1 ? " sample was" : " samples were")
                    + " longer than \"maxLength\" (" + stage.maxLength() + ") and truncated; lint-data lists them");
        }
        TrainingTotals totals = loop.totals();
        if (totals.badSteps() == totals.steps()) {
            throw new BadInputException(
                    "each of the " + totals.steps() + " steps was rejected, so that nothing was learned;"
                            + " metrics.jsonl has the reasons, \"maxBadSteps\" how many are accepted");
        }
        RunReport.Summary summary = new RunReport.Summary(
                stage.name(),
                data.sha256(),
                data.report(totals.drawn()),
                totals.steps(),
                totals.samples(),
                totals.meanLoss(),
                totals.smoothedLoss(),
                data.batches().skippedSamples(),
                totals.badSteps(),
                totals.paddingShare(),
                pictures,
                learner.projector(),
                (System.nanoTime() - begun) * 1e-9,
                proof.check(),
                identity.values(),
                saver == null ? List.of() : saver.startedFrom());
        bad.write(folder);
        output.write(folder, learner.model(), summary);
        identity.files().requireUnchanged();
        listener.runEnded(RunResult.finished(
                JsonInput.parse(RunReport.FILE, summary.json().getBytes(StandardCharsets.UTF_8))));
        if (saver != null) {
            saver.moveRunFiles(folder);
        }
        output.writeManifest(folder, learner.sources());
        return new RunReport(paths.output(), summary);
    }

    /** Where a file of the model has changed there is no output, but a last checkpoint, so that no step is lost. */
    private static void requireUnchanged(RunIdentity identity, StepActions steps) {
        try {
            identity.files().requireUnchanged();
        } catch (BadInputException e) {
            throw steps.saveLast()
                    ? new BadInputException(
                            e.getMessage() + "; the last checkpoint is written, put the file back and go on from it"
                                    + " with --resume auto",
                            e)
                    : e;
        }
    }

    private Validation validation(GradientWorker learner, TrainingListener listener) {
        return options.validation()
                .map(heldOut -> Validation.open(
                        heldOut, stage, paths, config, learner.features(), learner.model(), listener::notice))
                .orElse(null);
    }

    /** Says what the run takes, refuses it where there is no room, and keeps the pool to what is left. */
    private void plan(LlavaBatchIterator batches, TrainingListener listener) {
        plan = plan(batches);
        gradientExecutor.requireSupported(stage, plan);
        if (options.machine().isEmpty()) {
            return;
        }
        MachineMemory machine = options.machine().get();
        listener.memoryPlanned(plan, machine);
        plan.requireFits(machine);
        PooledMemory.forCurrentThread().limitFreeBytes(machine.allowedBytes() - plan.neededBytes());
    }

    private MemoryPlan plan(LlavaBatchIterator batches) {
        long samples = (long) batches.batchesPerEpoch() * stage.batchSize();
        return MemoryPlan.of(StagePlan.of(stage, config, options, OptionalLong.of(samples)));
    }
}
