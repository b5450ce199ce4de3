package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.llava4j.data.batch.BatchLayout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Multimodal collator: turns a batch of prompts, images included, into graph placeholders. */
@FunctionalInterface
public interface PromptCollator {

    /**
     * @param layout token layout of the batch; one row per prompt, in their order
     * @return mutable map of placeholder arrays by name
     * @throws org.llava4j.data.BadInputException if an image cannot be read
     */
    Map<String, INDArray> collate(BatchLayout layout, List<Prompt> prompts);

    /**
     * Computes in advance what {@link #collate} needs of a prompt's images, in steps. The default computes nothing.
     *
     * @param pause asked between two steps
     * @return whether all is computed; if not, the next call continues
     * @throws org.llava4j.data.BadInputException if an image cannot be read
     */
    default boolean prepare(Prompt prompt, BooleanSupplier pause) {
        return true;
    }
}
