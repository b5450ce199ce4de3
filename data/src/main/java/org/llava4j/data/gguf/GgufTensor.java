package org.llava4j.data.gguf;

import java.util.Arrays;

/**
 * Entry of the list of tensors.
 *
 * @param name name in the file
 * @param type number of the ggml type
 * @param shape sizes of the axes, rows first as in Hugging Face: the file stores them in reverse
 * @param offset of the first byte, relative to {@link GgufHeader#dataStart}
 */
@SuppressWarnings("ArrayRecordComponent") // copied when passed in and out
public record GgufTensor(String name, int type, long[] shape, long offset) {

    public GgufTensor {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public String toString() {
        return name + Arrays.toString(shape);
    }
}
