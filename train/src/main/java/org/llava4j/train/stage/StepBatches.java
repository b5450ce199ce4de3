package org.llava4j.train.stage;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.data.batch.LlavaBatchIterator;
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

    boolean hasNext() {
        return read.size() < maxBatches && loader.hasNext();
    }

    /** Returns the next batch with its images loaded; the caller closes the arrays. */
    MultiDataSet next() {
        MultiDataSet batch = loader.next();
        read.add(loader.lastPlan());
        return batch;
    }

    /** Returns all batches without loading their images, for executors that load them. */
    public List<BatchPlan> plans() {
        while (hasNext()) {
            read.add(loader.nextPlan());
        }
        return read();
    }

    /** Returns the batches that were read so far. */
    List<BatchPlan> read() {
        return List.copyOf(read);
    }
}
