package org.llava4j.data.tensors;

import java.util.Arrays;
import org.llava4j.data.BadInputException;

/**
 * What a store says of one tensor. Its elements can be counted: whoever makes one has checked that their number is
 * no more than 64 bits hold.
 *
 * @param type as it is on disk; see {@link TensorType#inMemory()}
 * @param shape sizes of its axes; empty for a scalar
 */
@SuppressWarnings("ArrayRecordComponent") // copied on its way in and out, compared by its entries
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

    /** What its elements take on disk when they lie side by side. */
    long bytes() {
        return length() * type.bytes();
    }

    /** Refuses what {@link TensorStore#read(String, org.nd4j.linalg.api.buffer.DataType)} cannot convert. */
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

    /** As in Javadoc: {@code model.norm.weight F32[64]}. */
    @Override
    public String toString() {
        return name + " " + type + Arrays.toString(shape);
    }
}
