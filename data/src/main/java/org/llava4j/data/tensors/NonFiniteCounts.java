package org.llava4j.data.tensors;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Numbers of NaN and infinite values in a tensor.
 *
 * @param nan how many values are NaN
 * @param infinite how many values are infinite
 */
public record NonFiniteCounts(long nan, long infinite) {
    private static final int PIECE_ELEMENTS = 1 << 16;

    /** Counts them in a FLOAT array in C order without gaps. */
    public static NonFiniteCounts count(INDArray array) {
        if (array.dataType() != DataType.FLOAT) {
            throw new IllegalArgumentException("values are counted in FLOAT arrays, not " + array.dataType());
        }
        long nan = 0;
        long infinite = 0;
        if (array.isEmpty()) {
            return new NonFiniteCounts(0, 0);
        }
        FloatPointer data = new FloatPointer(array.data().pointer());
        float[] piece = new float[(int) Math.min(PIECE_ELEMENTS, array.length())];
        for (long done = 0; done < array.length(); done += piece.length) {
            int count = (int) Math.min(piece.length, array.length() - done);
            data.position(done).get(piece, 0, count);
            for (int i = 0; i < count; i++) {
                nan += Float.isNaN(piece[i]) ? 1 : 0;
                infinite += Float.isInfinite(piece[i]) ? 1 : 0;
            }
        }
        return new NonFiniteCounts(nan, infinite);
    }

    /** Both together. */
    public long total() {
        return nan + infinite;
    }

    /** As in a sentence: {@code 3 NaN and 1 infinite values}. */
    @Override
    public String toString() {
        return nan + " NaN and " + infinite + " infinite values";
    }
}
