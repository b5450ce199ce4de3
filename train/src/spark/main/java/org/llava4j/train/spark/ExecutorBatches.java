package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;

/**
 * What one executor computes of a step.
 *
 * @param batches each with its number in the step
 */
record ExecutorBatches(ArrayList<NumberedBatch> batches) implements Serializable {

    /**
     * A batch on its way.
     *
     * @param pass its number in the step, counted from 0
     * @param images absolute paths of its pictures
     */
    record NumberedBatch(int pass, BatchLayout layout, ArrayList<String> images) implements Serializable {

        static NumberedBatch of(int pass, BatchPlan plan) {
            List<String> images = plan.images().stream()
                    .map(image -> image.toAbsolutePath().normalize().toString())
                    .toList();
            return new NumberedBatch(pass, plan.layout(), new ArrayList<>(images));
        }

        /** Where its samples came from is known to the driver alone. */
        BatchPlan plan() {
            return new BatchPlan(layout, images.stream().map(Path::of).toList(), List.of(), List.of());
        }
    }

    /** The batches of a step for so many executors: each takes every so-manieth. */
    static List<ExecutorBatches> of(List<BatchPlan> plans, int executors) {
        List<ExecutorBatches> shares = new ArrayList<>();
        for (int executor = 0; executor < executors; executor++) {
            ArrayList<NumberedBatch> own = new ArrayList<>();
            for (int pass = executor; pass < plans.size(); pass += executors) {
                own.add(NumberedBatch.of(pass, plans.get(pass)));
            }
            shares.add(new ExecutorBatches(own));
        }
        return shares;
    }
}
