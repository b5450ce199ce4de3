package org.llava4j.model.kernels;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.llava4j.model.memory.NativeArray;

/**
 * Scaled dot-product attention of one head of one sequence, on the calling thread. Heads are addressed by stride in native
 * memory, because the heads of one position lie beside each other there.
 */
interface HeadAttention {
    /**
     * Rows of one head in native memory.
     *
     * @param address of the first row
     * @param stride floats from one row to the next
     */
    record HeadRows(long address, int stride) {
        /** The columns of a head, from a row of a matrix on. */
        static HeadRows of(Matrix matrix, long row, long column) {
            return new HeadRows(matrix.at(row, column), matrix.columns());
        }

        long at(int row) {
            return address + (long) row * stride * Float.BYTES;
        }

        /** The memory of {@code count} rows from {@code row} on, {@code width} values each; up to 2 GiB. */
        FloatBuffer buffer(int row, int count, int width) {
            int bytes = Math.toIntExact(((count - 1L) * stride + width) * Float.BYTES);
            return NativeArray.bytes(at(row), bytes)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
        }
    }

    /**
     * Queries of a head, and the keys and values that they attend to.
     *
     * @param queryCount number of queries
     * @param keyCount number of keys and values
     * @param visible number of keys that the first query attends to; each later one attends to one more, up to all
     * @param width d
     */
    record Head(
            HeadRows queries, int queryCount, HeadRows keys, HeadRows values, int keyCount, int visible, int width) {
        /** The factor of the scores, 1 / sqrt(d). */
        float scale() {
            return (float) (1 / Math.sqrt(width));
        }

        /** Number of keys that the queries [row, row + rows) attend to together. */
        int keysOf(int row, int rows) {
            return Math.min(visible + row + rows - 1, keyCount);
        }
    }

    /** Gradients of the rows of a {@link Head}. */
    record HeadGradients(HeadRows queries, HeadRows keys, HeadRows values) {}

    /** {@code y[queries, d] = softmax(q k^T / sqrt(d)) v}. */
    void forward(Head head, HeadRows y);

    /**
     * Gradients of {@link #forward}; the probabilities are recomputed, not stored. Requires that the last query attends to
     * all keys.
     *
     * @param add whether the gradients of keys and values are added to what is there: heads of a group share them
     */
    void gradient(Head head, HeadRows dy, HeadGradients gradients, boolean add);
}
