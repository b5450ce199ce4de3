package org.llava4j.model.kernels;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Products with a bf16, fp16 or quantized weight [N, K] in ND4J calls: converts a block of rows to the data type of the
 * other operand, then multiplies.
 */
final class Nd4jLowPrecision {
    private static final long BLOCK_ROWS = 256;

    private Nd4jLowPrecision() {}

    /** Whether a weight is stored in 16 bits or quantized. */
    static boolean isLowPrecision(INDArray w) {
        return HalfMatrix.isHalfPrecision(w) || QuantizedWeights.isQuantized(w);
    }

    /** Rows [from, to) of a weight, dequantized or in 16 bits. */
    private static INDArray rows(INDArray w, long from, long to) {
        if (BlockFormat.isBlocks(w)) {
            return BlockMatrix.of(w).dequantize(from, to);
        }
        return QuantizedFormat.isQuantized(w)
                ? QuantizedMatrix.of(w).dequantize(from, to)
                : w.get(interval(from, to), all());
    }

    private interface Block {
        void run(long from, long to, INDArray converted);
    }

    private static void forBlocks(INDArray w, DataType type, Block block) {
        long rows = w.size(0);
        for (long from = 0; from < rows; from += BLOCK_ROWS) {
            long to = Math.min(rows, from + BLOCK_ROWS);
            INDArray converted = rows(w, from, to).castTo(type);
            block.run(from, to, converted);
            converted.close();
        }
    }

    /** y[i] = table[ids[i]]. */
    static void gather(INDArray table, int[] ids, INDArray y) {
        for (int i = 0; i < ids.length; i++) {
            y.putRow(i, rows(table, ids[i], ids[i] + 1L).castTo(y.dataType()));
        }
    }

    /** y = x w^T. */
    static void gemmTransposedB(INDArray x, INDArray w, INDArray y) {
        forBlocks(w, x.dataType(), (from, to, converted) -> {
            INDArray part = Nd4j.createUninitialized(y.dataType(), new long[] {x.size(0), to - from}, 'c');
            Nd4j.gemm(x, converted, part, false, true, 1.0, 0.0);
            y.get(all(), interval(from, to)).assign(part);
            part.close();
        });
    }

    /** dx = dy w + beta dx. */
    static void gemm(INDArray dy, INDArray w, double beta, INDArray dx) {
        forBlocks(
                w,
                dx.dataType(),
                (from, to, converted) -> Nd4j.gemm(
                        dy.get(all(), interval(from, to)).dup('c'),
                        converted,
                        dx,
                        false,
                        false,
                        1.0,
                        from == 0 ? beta : 1.0));
    }
}
