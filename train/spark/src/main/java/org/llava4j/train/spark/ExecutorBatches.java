package org.llava4j.train.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.BatchPlan;
import org.llava4j.train.run.GradientWorker;

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
     * @param imageHashes hash of each image's content on the driver; empty for an image that is missing or unreadable there
     */
    record NumberedBatch(int pass, BatchLayout layout, ArrayList<String> images, ArrayList<String> imageHashes)
            implements Serializable {

        static NumberedBatch of(int pass, BatchPlan plan, Function<List<Path>, List<String>> hashes) {
            List<String> images = plan.images().stream()
                    .map(image -> image.toAbsolutePath().normalize().toString())
                    .toList();
            return new NumberedBatch(
                    pass, plan.layout(), new ArrayList<>(images), new ArrayList<>(hashes.apply(plan.images())));
        }

        /**
         * Checks that the images are those of the driver.
         *
         * @throws BadInputException if one has another content
         */
        void requireSameImages(GradientWorker worker) {
            List<Path> paths = plan().images();
            List<String> now = worker.imageHashes(paths);
            for (int i = 0; i < now.size(); i++) {
                String expected = imageHashes.get(i);
                if (!expected.isEmpty()
                        && !expected.equals(now.get(i))
                        && !now.get(i).isEmpty()) {
                    throw new BadInputException(paths.get(i)
                            + " has another content than on the driver; give both the same files, or restore it");
                }
            }
        }

        /** The batch as a plan, without the source of its samples. */
        BatchPlan plan() {
            return new BatchPlan(layout, images.stream().map(Path::of).toList(), List.of());
        }
    }

    /** Distributes the batches of a step over executors in turn. */
    static List<ExecutorBatches> of(
            List<BatchPlan> plans, int executors, Function<List<Path>, List<String>> imageHashes) {
        List<ExecutorBatches> all = new ArrayList<>();
        for (int executor = 0; executor < executors; executor++) {
            ArrayList<NumberedBatch> own = new ArrayList<>();
            for (int pass = executor; pass < plans.size(); pass += executors) {
                own.add(NumberedBatch.of(pass, plans.get(pass), imageHashes));
            }
            all.add(new ExecutorBatches(own));
        }
        return all;
    }
}
