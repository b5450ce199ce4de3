package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;

/**
 * Batches of a step that one executor processes.
 *
 * @param batches each with its index in the step
 */
record ExecutorBatches(ArrayList<NumberedBatch> batches) implements Serializable {

    /**
     * Serializable batch.
     *
     * @param pass index in the step, counted from 0
     * @param layout token ids, targets and positions of image tokens
     * @param images absolute paths of the images
     */
    record NumberedBatch(int pass, BatchLayout layout, ArrayList<String> images) implements Serializable {

        static NumberedBatch of(int pass, BatchPlan plan) {
            List<String> images = plan.images().stream()
                    .map(image -> image.toAbsolutePath().normalize().toString())
                    .toList();
            return new NumberedBatch(pass, plan.layout(), new ArrayList<>(images));
        }

        /** The batch as a plan, without the source of its samples. */
        BatchPlan plan() {
            return new BatchPlan(layout, images.stream().map(Path::of).toList(), List.of());
        }
    }

    /** Distributes the batches of a step over executors in turn. */
    static List<ExecutorBatches> of(List<BatchPlan> plans, int executors) {
        List<ExecutorBatches> all = new ArrayList<>();
        for (int executor = 0; executor < executors; executor++) {
            ArrayList<NumberedBatch> own = new ArrayList<>();
            for (int pass = executor; pass < plans.size(); pass += executors) {
                own.add(NumberedBatch.of(pass, plans.get(pass)));
            }
            all.add(new ExecutorBatches(own));
        }
        return all;
    }
}
