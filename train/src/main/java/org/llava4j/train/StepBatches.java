package org.llava4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
import org.llava4j.train.checkpoint.TrainingTotals.StepCounts;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Batches of one optimizer step, read from the data loader as they are needed. */
public final class StepBatches {
    private final LlavaBatchIterator loader;
    private final int maxBatches;
    private final List<BatchPlan> read = new ArrayList<>();

    /** @param maxBatches the step ends after this number of batches, or with the epoch */
    StepBatches(LlavaBatchIterator loader, int maxBatches) {
        this.loader = loader;
        this.maxBatches = maxBatches;
    }

    /** Whether the step has one more batch. */
    public boolean hasNext() {
        return read.size() < maxBatches && loader.hasNext();
    }

    /** Returns the next batch with its images loaded; the caller closes the arrays. */
    public MultiDataSet next() {
        MultiDataSet batch = loader.next();
        read.add(loader.lastPlan());
        return batch;
    }

    /** Returns all batches without loading their images, for executors that load them. */
    public List<BatchPlan> plans() {
        while (hasNext()) {
            read.add(loader.nextPlan());
        }
        return List.copyOf(read);
    }

    /** File and line of each sample that was read, in the order of the data. */
    List<String> samples() {
        return read.stream()
                .flatMap(plan -> plan.rows().stream())
                .sorted()
                .map(loader::where)
                .toList();
    }

    /** Counters of the batches that were read. */
    StepCounts counts() {
        return read.stream().map(this::counts).reduce(StepCounts::plus).orElseThrow();
    }

    private StepCounts counts(BatchPlan plan) {
        BatchLayout layout = plan.layout();
        BatchLayout.Packing packing = layout.packing();
        Long[] samplesPerSource = new Long[loader.sources()];
        Arrays.fill(samplesPerSource, 0L);
        plan.rows().forEach(row -> samplesPerSource[loader.sourceOf(row)]++);
        return new StepCounts(
                plan.rows().size(),
                (long) layout.batchSize() * layout.sequenceLength(),
                layout.paddedPositions(),
                packing == null ? 0 : packing.savedPositions(),
                layout.targets().length,
                List.of(samplesPerSource));
    }
}
