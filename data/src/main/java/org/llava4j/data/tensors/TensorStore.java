package org.llava4j.data.tensors;

import java.util.Map;
import java.util.SortedMap;
import org.nd4j.linalg.api.buffer.DataType;
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

    /**
     * Reads one floating point tensor (F32, F16 or BF16) into a new 'c'-ordered array of the wanted type; what gets
     * narrower is rounded to the nearest, ties to even. It is converted on its way in, so that a large tensor never lies
     * in memory twice.
     *
     * @param type FLOAT, HALF or BFLOAT16
     * @throws org.llava4j.data.BadInputException if there is no such tensor, it holds no floating point numbers of
     *     these types, or its bytes cannot be read
     */
    INDArray read(String name, DataType type);

    @Override
    void close();
}
