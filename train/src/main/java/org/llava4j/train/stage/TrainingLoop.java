package org.llava4j.train.stage;

import java.nio.file.Path;
import java.util.ArrayList;
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

/** The steps of a stage, one after the other, from wherever a checkpoint left off. */
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

    /** Goes on as if the run had come here by itself. */
    void resumeFrom(Path checkpoint) {
        TrainerState state = CheckpointManager.state(checkpoint);
        CheckpointManager.restore(checkpoint, trainer.arrays());
        trainer.resumeFrom(state.step(), state.step() - state.totals().badSteps());
        batches.seek(state.cursor());
        totals = state.totals();
    }

    /** Takes the weights of a checkpoint, and nothing else. */
    void loadWeights(Path checkpoint) {
        CheckpointManager.restore(checkpoint, trainer.arrays());
    }

    /** @param each what happens before and after every step */
    void run(StepActions each) {
        Progress.ProgressMeter meter = new Progress.ProgressMeter(stage.name(), totalSteps, totals);
        while (totals.steps() < totalSteps) {
            List<BatchPlan> plans = new ArrayList<>();
            while (plans.size() < stage.accumulation() && batches.hasNext()) {
                plans.add(batches.nextPlan());
            }
            if (plans.isEmpty()) {
                nextEpoch();
                continue;
            }
            each.stepStarted(Math.toIntExact(batches.cursor().epoch()), totals.steps() + 1);
            StepCounts seen =
                    plans.stream().map(this::counts).reduce(StepCounts::plus).orElseThrow();
            Trainer.Step step;
            try (GradientAccumulator sum = gradients.sum(totals.steps(), plans)) {
                step = trainer.step(sum, this::requireNoLossSpike);
            } catch (RejectedStepException e) {
                reject(e, plans, seen, each);
                continue;
            }
            totals = totals.plus(step.loss(), seen);
            each.stepDone(meter.after(step, totals));
            each.afterStep(totals.steps(), totalSteps);
        }
    }

    private void requireNoLossSpike(double loss) {
        if (loss > totals.lossLimit(stage.explodingLoss())) {
            throw new RejectedStepException(String.format(
                    Locale.ROOT,
                    "the loss of step %d explodes: it is %.4f, of the steps before %.4f, at best %.4f (\"explodingLoss\""
                            + " is %s), no weight was changed; lower the learning rate or look at this batch",
                    totals.steps() + 1,
                    loss,
                    totals.smoothedLoss(),
                    Objects.requireNonNullElse(totals.bestSmoothedLoss(), totals.smoothedLoss()),
                    stage.explodingLoss()));
        }
    }

    /** A rejected step changes no weight and is reported; it ends the run if there were too many. */
    private void reject(RejectedStepException bad, List<BatchPlan> plans, StepCounts seen, StepActions each) {
        List<String> places = plans.stream()
                .flatMap(plan -> plan.rows().stream())
                .sorted()
                .map(batches::where)
                .toList();
        totals = totals.plusRejected(seen);
        each.stepRejected(totals.steps(), bad.getMessage(), places);
        if (totals.badSteps() > stage.maxBadSteps()) {
            throw bad;
        }
        trainer.skipStep();
        each.afterStep(totals.steps(), totalSteps);
    }

    private StepCounts counts(BatchPlan plan) {
        BatchLayout layout = plan.layout();
        Long[] drawn = new Long[batches.sources()];
        Arrays.fill(drawn, 0L);
        plan.rows().forEach(row -> drawn[batches.sourceOf(row)]++);
        return new StepCounts(
                layout.batchSize(),
                (long) layout.batchSize() * layout.sequenceLength(),
                layout.paddedPositions(),
                layout.targets().length,
                List.of(drawn));
    }

    private void nextEpoch() {
        batches.reset();
        if (!batches.hasNext()) {
            BadSample first = bad.all().get(0);
            throw new BadInputException(
                    "not one sample is any good; the first: " + first.where() + ": " + first.reason());
        }
    }

    /** What has been seen so far. */
    TrainingTotals totals() {
        return totals;
    }

    /** What a checkpoint of this moment has to keep. */
    CheckpointTensors arrays() {
        return trainer.arrays();
    }
}
