package org.llava4j.data.tensors;

import java.util.Arrays;

/**
 * What a safetensors header says of one tensor.
 *
 * @param shape sizes of its axes; empty for a scalar
 * @param begin first byte, counted from the end of the header
 * @param end one past its last byte
 */
@SuppressWarnings("ArrayRecordComponent") // copied on its way in and out, compared by its entries
public record TensorInfo(String name, TensorType type, long[] shape, long begin, long end) {

    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long length() {
        return (end - begin) / type.bytes();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape)
                && begin == that.begin
                && end == that.end;
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
