package org.llava4j.model.tensors;

import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Named tensors on disk, in one file or several: listed when opened, read one by one. */
public interface TensorStore extends AutoCloseable {

    /** All tensors, sorted by name; unmodifiable. */
    SortedMap<String, TensorInfo> tensors();

    /** Metadata strings stored with the tensors; often only {@code format=pt}. */
    Map<String, String> metadata();

    /**
     * Reads one tensor into a new array in C order with dtype {@link TensorType#inMemory()}. A scalar has rank 0.
     *
     * @throws org.llava4j.data.BadInputException if the tensor does not exist, or its bytes cannot be read
     */
    INDArray read(String name);

    /**
     * Reads one floating-point tensor (F32, F16 or BF16) into a new array in C order with the given dtype; narrowing
     * rounds to nearest, ties to even. The conversion happens while reading, so a large tensor is never in memory
     * twice.
     *
     * @param type FLOAT, HALF or BFLOAT16
     * @throws org.llava4j.data.BadInputException if the tensor does not exist, is not F32, F16 or BF16, has values that
     *     overflow in the given dtype, or cannot be read
     */
    INDArray read(String name, DataType type);

    /**
     * Maps one tensor read-only, without reading its bytes ({@link org.llava4j.model.memory.MappedArray}). The array
     * stays valid after {@link #close()}.
     *
     * @param type dtype in memory; INT8 or UINT8 for a tensor of bytes
     * @return the array, which must not be written; null if the tensor must be read: the file stores another dtype or
     *     order, or the system cannot map it
     * @throws org.llava4j.data.BadInputException if the tensor does not exist, or the file is too short
     */
    @Nullable
    INDArray map(String name, DataType type);

    @Override
    void close();
}
