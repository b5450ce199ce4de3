package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
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
}
