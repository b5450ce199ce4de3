package org.llava4j.model.generate;

import java.util.List;
import java.util.Map;
import org.llava4j.data.batch.BatchLayout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** From prompts to what a graph is fed, their images included. */
@FunctionalInterface
public interface PromptCollator {

    /**
     * @param layout of the prompts, in their order
     * @return placeholders by name, in a map that may be added to
     * @throws org.llava4j.data.BadInputException if an image cannot be read
     */
    Map<String, INDArray> collate(BatchLayout layout, List<Prompt> prompts);
}
