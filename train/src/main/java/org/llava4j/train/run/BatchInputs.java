package org.llava4j.train.run;

import java.util.Map;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Inputs of the graph from one batch, off-heap: garbage collection would free them too late. */
record BatchInputs(Map<String, INDArray> placeholders) implements AutoCloseable {

    static BatchInputs of(MultiDataSet batch) {
        return new BatchInputs(Placeholders.of(batch, ImageInput.FEATURES));
    }

    @Override
    public void close() {
        placeholders.values().forEach(INDArray::close);
    }
}
