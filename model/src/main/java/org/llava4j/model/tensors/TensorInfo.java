package org.llava4j.model.tensors;

import java.util.Arrays;
import org.llava4j.data.BadInputException;

/**
 * Name, dtype and shape of a tensor. The number of elements fits in 64 bits; creators of instances check it.
 *
 * @param name name in the store
 * @param type dtype in the file; see {@link TensorType#inMemory()}
 * @param shape sizes of the axes; empty for a scalar
 */
@SuppressWarnings("ArrayRecordComponent") // copied when passed in and out, compared by its elements
public record TensorInfo(String name, TensorType type, long[] shape) {

    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long length() {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        return length;
    }

    /** Size of the elements in the file when they are contiguous, in bytes. */
    public long bytes() {
        return length() * type.bytes();
    }

    /** Rejects tensors that {@link TensorStore#read(String, org.nd4j.linalg.api.buffer.DataType)} cannot convert. */
    void requireFloats(Object store) {
        if (!type.isFloat()) {
            throw new BadInputException("tensor \"" + name + "\" in " + store + " is " + type
                    + " but weights are F32, F16 or BF16; is it the right model?");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    /** Formats the tensor: {@code model.norm.weight F32[64]}. */
    @Override
    public String toString() {
        return name + " " + type + Arrays.toString(shape);
    }
}
