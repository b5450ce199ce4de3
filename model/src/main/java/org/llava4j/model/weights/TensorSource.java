package org.llava4j.model.weights;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the graph's variables come from: every one asks here once, by its Hugging Face name and shape. */
@FunctionalInterface
public interface TensorSource {

    /** The tensor of this name as float32 with exactly this shape. */
    INDArray tensor(String name, long... shape);
}
