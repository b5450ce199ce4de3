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
import org.llava4j.train.BadStepException;
import org.llava4j.train.GradientSum;
import org.llava4j.train.Trainer;
import org.llava4j.train.checkpoint.RunArrays;
import org.llava4j.train.checkpoint.RunCheckpoints;
import org.llava4j.train.checkpoint.RunState;
import org.llava4j.train.checkpoint.RunTotals;
import org.llava4j.train.checkpoint.RunTotals.Seen;
import org.llava4j.train.watch.Progress;

/** The steps of a stage, one after the other, from wherever a checkpoint left off. */
final class StageLoop {
    private final Stage stage;
    private final Trainer trainer;
    private final LlavaBatchIterator batches;
    private final StepGradients gradients;
    private final BadSamples bad;
    private final int totalSteps;
    private RunTotals totals = RunTotals.NONE;

    StageLoop(
            Stage stage,
            Trainer trainer,
            LlavaBatchIterator batches,
            StepGradients gradients,
            BadSamples bad,
            int totalSteps) {
        this.stage = stage;
        this.trainer = trainer;
        this.batches = batches;
        this.gradients = gradients;
        this.bad = bad;
        this.totalSteps = totalSteps;
    }

    /** Goes on as if the run had come here by itself. */
    void goOnFrom(Path checkpoint) {
        RunState state = RunCheckpoints.state(checkpoint);
        RunCheckpoints.restore(checkpoint, trainer.arrays());
        trainer.goOnFrom(state.step(), state.step() - state.totals().badSteps());
        batches.seek(state.cursor());
        totals = state.totals();
    }

    /** Takes the weights of a checkpoint, and nothing else. */
    void takeWeights(Path checkpoint) {
        RunCheckpoints.restore(checkpoint, trainer.arrays());
    }

    /** @param each what happens before and after every step */
    void run(StageSteps each) {
        Progress.Meter meter = new Progress.Meter(stage.name(), totalSteps, totals);
        while (totals.steps() < totalSteps) {
            List<BatchPlan> plans = new ArrayList<>();
            while (plans.size() < stage.accumulation() && batches.hasNext()) {
                plans.add(batches.nextPlan());
            }
            if (plans.isEmpty()) {
                nextEpoch();
                continue;
            }
            each.stepBegins(Math.toIntExact(batches.cursor().epoch()), totals.steps() + 1);
            Seen seen = plans.stream().map(this::seen).reduce(Seen::plus).orElseThrow();
            Trainer.Step step;
            try (GradientSum sum = gradients.sum(totals.steps(), plans)) {
                step = trainer.step(sum, this::requireNoExplosion);
            } catch (BadStepException e) {
                reject(e, plans, seen, each);
                continue;
            }
            totals = totals.plus(step.loss(), seen);
            each.step(meter.after(step, totals));
            each.after(totals.steps(), totalSteps);
        }
    }

    private void requireNoExplosion(double loss) {
        if (loss > totals.explodesAbove(stage.explodingLoss())) {
            throw new BadStepException(String.format(
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
    private void reject(BadStepException bad, List<BatchPlan> plans, Seen seen, StageSteps each) {
        List<String> places = plans.stream()
                .flatMap(plan -> plan.rows().stream())
                .sorted()
                .map(batches::where)
                .toList();
        totals = totals.plusBad(seen);
        each.badStep(totals.steps(), bad.getMessage(), places);
        if (totals.badSteps() > stage.maxBadSteps()) {
            throw bad;
        }
        trainer.passOver();
        each.after(totals.steps(), totalSteps);
    }

    private Seen seen(BatchPlan plan) {
        BatchLayout layout = plan.layout();
        Long[] drawn = new Long[batches.sources()];
        Arrays.fill(drawn, 0L);
        plan.rows().forEach(row -> drawn[batches.sourceOf(row)]++);
        return new Seen(
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
    RunTotals totals() {
        return totals;
    }

    /** What a checkpoint of this moment has to keep. */
    RunArrays arrays() {
        return trainer.arrays();
    }
}
