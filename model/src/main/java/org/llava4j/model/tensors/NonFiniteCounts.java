package org.llava4j.model.tensors;

import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Counts of NaN and infinite values in a tensor.
 *
 * @param nan number of NaN values
 * @param infinite number of infinite values
 */
public record NonFiniteCounts(long nan, long infinite) {
    private static final int CHUNK_ELEMENTS = 1 << 16;

    /** Counts the NaN and infinite values of a contiguous FLOAT array in C order. */
    public static NonFiniteCounts count(INDArray array) {
        if (array.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException("values are counted in FLOAT arrays, not " + array.dataType());
        }
        long nan = 0;
        long infinite = 0;
        if (array.isEmpty()) {
            return new NonFiniteCounts(0, 0);
        }
        NativeArray data = new NativeArray(array);
        float[] chunk = new float[(int) Math.min(CHUNK_ELEMENTS, array.length())];
        for (long done = 0; done < array.length(); done += chunk.length) {
            int count = (int) Math.min(chunk.length, array.length() - done);
            data.read(done, chunk, count);
            for (int i = 0; i < count; i++) {
                nan += Float.isNaN(chunk[i]) ? 1 : 0;
                infinite += Float.isInfinite(chunk[i]) ? 1 : 0;
            }
        }
        return new NonFiniteCounts(nan, infinite);
    }

    /** Number of values that are NaN or infinite. */
    public long total() {
        return nan + infinite;
    }

    /** Formats the counts for a message: {@code 3 NaN and 1 infinite values}. */
    @Override
    public String toString() {
        return nan + " NaN and " + infinite + " infinite values";
    }
}
