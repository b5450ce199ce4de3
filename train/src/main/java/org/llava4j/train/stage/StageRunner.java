package org.llava4j.train.stage;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.data.cli.OutOfMemory;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.PooledMemory;
import org.llava4j.model.weights.TowerChoice;
import org.llava4j.train.Trainer;
import org.llava4j.train.WarmupCosine;
import org.llava4j.train.checkpoint.RunCheckpoints;
import org.llava4j.train.checkpoint.RunTotals;
import org.llava4j.train.plan.Machine;
import org.llava4j.train.plan.MemoryPlan;
import org.llava4j.train.watch.RunListener;
import org.llava4j.train.watch.RunLog;
import org.llava4j.train.watch.RunResult;
import org.llava4j.train.watch.RunStart;

/**
 * Runs a stage: a model folder and data in, a trained model folder out. The frozen tower's features are computed once
 * per image; the graph that learns holds projector and decoder. The output appears when all is done; a run that fails
 * leaves nothing.
 */
public final class StageRunner {
    private final Stage stage;
    private final RunPaths paths;
    private final RunOptions options;
    private final GradientPlace gradientPlace;
    private final LlavaConfig config;
    private final StageOutput output;
    private MemoryPlan plan;

    private StageRunner(Stage stage, RunPaths paths, RunOptions options, GradientPlace place) {
        this.stage = stage;
        this.paths = paths;
        this.options = options;
        this.gradientPlace = place;
        config = Learner.config(stage, paths, options);
        output = new StageOutput(
                stage, paths, visionTower(paths.model(), paths.visionTower()), config, options.saveAs());
    }

    /**
     * Runs a stage from its start to its end.
     *
     * @throws BadInputException if anything that was given is missing or broken, or the stage does not fit the model
     */
    public static RunReport run(Stage stage, RunPaths paths, RunOptions options, RunListener listener) {
        return run(stage, paths, options, listener, GradientPlace.HERE);
    }

    /** The same with gradients that are computed elsewhere; all else of the run is on this machine. */
    public static RunReport run(
            Stage stage, RunPaths paths, RunOptions options, RunListener listener, GradientPlace place) {
        if (options.saving().folder() == null
                && options.heldOut().map(HeldOut::keepBest).orElse(false)) {
            throw new BadInputException("the best weights are to be kept, but the run has no folder for checkpoints;"
                    + " give it one (Saving), or leave the last weights");
        }
        if (paths.output()
                .toAbsolutePath()
                .normalize()
                .equals(paths.model().toAbsolutePath().normalize())) {
            throw new BadInputException("the output folder " + paths.output()
                    + " is the model that the run begins with; choose another, so that it is not lost");
        }
        try (AtomicFolder folder = AtomicFolder.begin(paths.output(), StageOutput.kind(stage))) {
            StageRunner runner = new StageRunner(stage, paths, options, place);
            RunReport report = runner.run(folder, listener);
            folder.commit();
            return report;
        }
    }

    /** The given tower, or the one that the model's config names. */
    public static Path visionTower(Path model, Path given) {
        if (given == null && !LlavaConfig.isLlava(model)) {
            throw new BadInputException(model + ": config.json names no vision tower (\"mm_vision_tower\");"
                    + " name one (--vision-tower)");
        }
        return TowerChoice.folder(model, given);
    }

    private RunReport run(AtomicFolder place, RunListener listener) {
        BadSamples bad = new BadSamples(listener);
        try (StageData data = StageData.open(stage, paths, config, bad);
                RunSaver saver = options.saving().folder() == null
                        ? null
                        : RunSaver.open(options.saving(), stage, data, listener)) {
            if (saver != null) {
                // Nobody else has this run's checkpoints, so nobody else is writing its output.
                place.sweep();
            }
            try {
                return learnInMemory(place, data, saver, bad, listener);
            } catch (RuntimeException | Error e) {
                tell(listener, e);
                throw e;
            }
        }
    }

    /** Memory that is exhausted, on whichever thread, is reported with what was planned. */
    private RunReport learnInMemory(
            AtomicFolder place, StageData data, RunSaver saver, BadSamples bad, RunListener listener) {
        try {
            return learn(place.path(), data, saver, bad, listener);
        } catch (RuntimeException | Error e) {
            Optional<String> report = OutOfMemory.report(e);
            if (report.isEmpty() || plan == null) {
                throw e;
            }
            throw new BadInputException(report.get() + "; " + plan.afterFailure(), e);
        }
    }

    private static void tell(RunListener listener, Throwable cause) {
        try {
            listener.result(
                    cause instanceof RunStoppedException
                            ? RunResult.stopped(cause.getMessage())
                            : RunResult.failed(cause));
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private RunReport learn(Path folder, StageData data, RunSaver saver, BadSamples bad, RunListener listener) {
        WarmupCosine schedule = stage.schedule(data.batches().batchesPerEpoch());
        plan(data.batches(), listener);
        Learner learner = Learner.load(stage, paths, options, saver != null, listener::notice);
        FreezeProof proof = new FreezeProof(learner.model(), learner.tower());
        Trainer trainer = new Trainer(learner.model(), stage.adamW(), schedule);
        StageLoop loop;
        long pictures;
        long begun = System.nanoTime();
        try (StepGradients gradients = gradientPlace.open(stage, paths, options, learner, listener)) {
            loop = new StageLoop(stage, trainer, data.batches(), gradients, bad, schedule.totalSteps());
            if (saver != null) {
                saver.requireSameWeights(proof.before());
                saver.resumed().ifPresent(checkpoint -> {
                    loop.goOnFrom(checkpoint);
                    bad.addAll(RunCheckpoints.state(checkpoint).badSamples());
                });
            }
            Path log = saver == null ? folder.resolve(RunLog.FILE) : saver.liveLog();
            listener.begun(new RunStart(
                    stage.name(),
                    Stages.tree(stage),
                    schedule.totalSteps(),
                    loop.totals(),
                    log.getParent(),
                    learner.model().graph(),
                    schedule,
                    listener::notice));
            try (RunLog lines = RunLog.of(log, listener::notice);
                    Validation validation = validation(learner, listener)) {
                StageSteps each =
                        new StageSteps(loop, data.batches(), saver, validation, proof.before(), bad, lines, listener);
                loop.run(each);
                each.takeBest();
            } finally {
                listener.end();
            }
            pictures = gradients.picturesComputed();
        }
        int truncated = data.batches().truncatedSamples();
        if (truncated > 0) {
            listener.notice(truncated + (truncated == 1 ? " sample was" : " samples were")
                    + " longer than \"maxLength\" (" + stage.maxLength() + ") and truncated; lint-data lists them");
        }
        RunTotals totals = loop.totals();
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
                data.batches().badSamples(),
                totals.badSteps(),
                totals.paddingShare(),
                pictures,
                learner.projector(),
                (System.nanoTime() - begun) * 1e-9,
                proof.check());
        bad.write(folder);
        output.write(folder, learner.model(), summary);
        listener.result(RunResult.finished(
                JsonInput.parse(RunReport.FILE, summary.json().getBytes(StandardCharsets.UTF_8))));
        if (saver != null) {
            saver.handOver(folder);
        }
        output.writeManifest(folder, learner.sources());
        return new RunReport(paths.output(), summary);
    }

    private Validation validation(Learner learner, RunListener listener) {
        return options.heldOut()
                .map(heldOut -> Validation.open(
                        heldOut, stage, paths, config, learner.features(), learner.model(), listener::notice))
                .orElse(null);
    }

    /** Says what the run takes, refuses it where there is no room, and keeps the pool to what is left. */
    private void plan(LlavaBatchIterator batches, RunListener listener) {
        long samples = (long) batches.batchesPerEpoch() * stage.batchSize();
        plan = MemoryPlan.of(StagePlan.of(stage, config, options, OptionalLong.of(samples)));
        gradientPlace.require(stage, plan);
        if (options.machine().isEmpty()) {
            return;
        }
        Machine machine = options.machine().get();
        listener.planned(plan, machine);
        plan.requireFit(machine);
        PooledMemory.ofThisThread().keepAtMost(machine.allowedBytes() - plan.neededBytes());
    }
}
