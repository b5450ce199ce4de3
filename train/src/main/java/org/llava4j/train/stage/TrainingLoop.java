package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.GradientAccumulator;
import org.llava4j.train.RejectedStepException;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.CheckpointManager;
import org.llava4j.train.checkpoint.CheckpointTensors;
import org.llava4j.train.checkpoint.TrainerState;
import org.llava4j.train.checkpoint.TrainingTotals;
import org.llava4j.train.checkpoint.TrainingTotals.StepCounts;
import org.llava4j.train.logging.Progress;

/** Training loop of a stage: its steps in order, from the start or from a checkpoint. */
final class TrainingLoop {
    private final Stage stage;
    private final Trainer trainer;
    private final LlavaBatchIterator batches;
    private final StepGradients gradients;
    private final BadSampleLog bad;
    private final int totalSteps;
    private TrainingTotals totals = TrainingTotals.NONE;

    TrainingLoop(
            Stage stage,
            Trainer trainer,
            LlavaBatchIterator batches,
            StepGradients gradients,
            BadSampleLog bad,
            int totalSteps) {
        this.stage = stage;
        this.trainer = trainer;
        this.batches = batches;
        this.gradients = gradients;
        this.bad = bad;
        this.totalSteps = totalSteps;
    }

    /** Restores a checkpoint; the remaining steps are identical to those of an uninterrupted run. */
    void resumeFrom(Path checkpoint) {
        TrainerState state = CheckpointManager.state(checkpoint);
        CheckpointManager.restore(checkpoint, trainer.arrays());
        trainer.resumeFrom(state.step(), state.step() - state.totals().badSteps());
        batches.seek(state.cursor());
        totals = state.totals();
    }

    /** Loads the weights of a checkpoint, without the rest of its state. */
    void loadWeights(Path checkpoint) {
        CheckpointManager.restore(checkpoint, trainer.arrays());
    }

    /** @param actions actions before and after every step */
    void run(StepActions actions) {
        Progress.ProgressMeter meter = new Progress.ProgressMeter(stage.name(), totalSteps, totals);
        while (totals.steps() < totalSteps) {
            if (!batches.hasNext()) {
                nextEpoch();
                continue;
            }
            actions.stepStarted(Math.toIntExact(batches.cursor().epoch()), totals.steps() + 1);
            StepBatches stepBatches = new StepBatches(batches, stage.gradientAccumulationSteps());
            Trainer.Step step;
            try (GradientAccumulator sum = gradients.sum(totals.steps(), stepBatches)) {
                step = trainer.step(sum, this::requireNoLossSpike);
            } catch (RejectedStepException e) {
                reject(e, stepBatches.read(), actions);
                continue;
            }
            totals = totals.plus(step.loss(), counts(stepBatches.read()));
            actions.stepDone(meter.after(step, totals));
            actions.afterStep(totals.steps(), totalSteps);
        }
    }

    private void requireNoLossSpike(double loss) {
        if (loss > totals.lossLimit(stage.explodingLoss())) {
            throw new RejectedStepException(String.format(
                    Locale.ROOT,
                    "loss spike at step %d: loss %.4f, smoothed loss before %.4f, lowest %.4f (\"explodingLoss\""
                            + " is %s), no weight was changed; lower the learning rate or check this batch",
                    totals.steps() + 1,
                    loss,
                    totals.smoothedLoss(),
                    Objects.requireNonNullElse(totals.bestSmoothedLoss(), totals.smoothedLoss()),
                    stage.explodingLoss()));
        }
    }

    /** Counts and reports a rejected step; too many end the run. */
    private void reject(RejectedStepException bad, List<BatchPlan> plans, StepActions actions) {
        List<String> samples = plans.stream()
                .flatMap(plan -> plan.rows().stream())
                .sorted()
                .map(batches::where)
                .toList();
        totals = totals.plusRejected(counts(plans));
        actions.stepRejected(totals.steps(), bad.getMessage(), samples);
        if (totals.badSteps() > stage.maxBadSteps()) {
            throw bad;
        }
        trainer.skipStep();
        actions.afterStep(totals.steps(), totalSteps);
    }

    private StepCounts counts(List<BatchPlan> plans) {
        return plans.stream().map(this::counts).reduce(StepCounts::plus).orElseThrow();
    }

    private StepCounts counts(BatchPlan plan) {
        BatchLayout layout = plan.layout();
        Long[] samplesPerSource = new Long[batches.sources()];
        Arrays.fill(samplesPerSource, 0L);
        plan.rows().forEach(row -> samplesPerSource[batches.sourceOf(row)]++);
        return new StepCounts(
                layout.batchSize(),
                (long) layout.batchSize() * layout.sequenceLength(),
                layout.paddedPositions(),
                layout.targets().length,
                List.of(samplesPerSource));
    }

    private void nextEpoch() {
        batches.reset();
        if (!batches.hasNext()) {
            BadSample first = bad.all().get(0);
            throw new BadInputException("no sample is valid; the first: " + first.where() + ": " + first.reason());
        }
    }

    /** Totals so far. */
    TrainingTotals totals() {
        return totals;
    }

    /** Tensors for a checkpoint. */
    CheckpointTensors arrays() {
        return trainer.arrays();
    }
}
