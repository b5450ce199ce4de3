package org.llava4j.eval.predictions;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Executor of batches of questions. The composition of a batch affects the last bits of the logits, and so, rarely, an
 * answer. Batches are therefore composed the same way in every run and on every backend.
 */
@FunctionalInterface
public interface BatchExecutor {

    /**
     * Generates the answers of the given batches.
     *
     * @param batchIndices indices of the batches, from 0
     * @param onBatch receives the answers of each batch by question id as soon as it is finished; one call at a time,
     *     in any order
     */
    void execute(List<Integer> batchIndices, Consumer<Map<String, String>> onBatch);
}
