package org.llava4j.model.kernels;

import org.llava4j.model.memory.Blas;
import org.llava4j.model.memory.Scratch;

/**
 * Attention of a block of query rows of one head, in two matrix products. Heads are addressed by stride and never
 * copied. The scores live in the thread's scratch memory.
 */
final class AttentionTiles {
    /** Query rows of a tile: small enough to skip most masked keys, large enough for fast GEMM. */
    static final int ROWS = 96;

    private final RowMath math;

    AttentionTiles(RowMath math) {
        this.math = math;
    }

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
    }

    /**
     * One head's block of query rows and the keys that its last row attends to.
     *
     * @param rows number of query rows, at most {@link #ROWS}
     * @param keyCount number of keys
     * @param visible number of keys that the first row attends to; each later row attends to one more, up to all
     * @param width d
     */
    record Tile(HeadRows queries, int rows, HeadRows keys, int keyCount, int visible, int width) {
        float scale() {
            return (float) (1 / Math.sqrt(width));
        }

        /** Address of a block of scratch memory for {@link #ROWS} rows of scores. */
        long scores(Scratch s, int slot) {
            return s.block(slot, (long) ROWS * keyCount);
        }
    }

    /** y[rows, d] = softmax(q k^T / sqrt(d)) v. */
    void forward(Scratch s, Tile tile, HeadRows values, HeadRows y) {
        long scores = tile.scores(s, 0);
        probabilities(s, tile, scores);
        Blas.gemm(
                s,
                tile.rows(),
                tile.width(),
                tile.keyCount(),
                scores,
                tile.keyCount(),
                values.address(),
                values.stride(),
                0,
                y.address(),
                y.stride());
    }

    /** scores[rows, keys] = softmax(q k^T / sqrt(d)); 0 for keys that a row does not attend to. */
    void probabilities(Scratch s, Tile tile, long scores) {
        int keys = tile.keyCount();
        Blas.gemmTransposedB(
                s,
                tile.rows(),
                keys,
                tile.width(),
                tile.scale(),
                tile.queries().address(),
                tile.queries().stride(),
                tile.keys().address(),
                tile.keys().stride(),
                0,
                scores,
                keys);
        float[] p = s.row(0, keys);
        for (int i = 0; i < tile.rows(); i++) {
            long address = scores + (long) i * keys * Float.BYTES;
            s.read(address, p, keys);
            math.softmax(p, Math.min(tile.visible() + i, keys), keys);
            s.write(p, address, keys);
        }
    }
}
