package org.llava4j.data.tensors;

import java.util.Map;
import java.util.SortedMap;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Named tensors on disk, one file or many: listed at once, read one by one. */
public interface TensorStore extends AutoCloseable {

    /** What is there, sorted by name; unmodifiable. */
    SortedMap<String, TensorInfo> tensors();

    /** Free texts stored beside the tensors; often only {@code format=pt}. */
    Map<String, String> metadata();

    /**
     * Reads one tensor into a new 'c'-ordered array of {@link TensorType#inMemory()}. A scalar has rank 0.
     *
     * @throws org.llava4j.data.BadInputException if there is no such tensor, or its bytes cannot be read
     */
    INDArray read(String name);

    @Override
    void close();
}
