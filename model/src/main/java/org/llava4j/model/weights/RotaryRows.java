package org.llava4j.model.weights;

import java.util.function.LongUnaryOperator;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Copies of query and key projections in the other {@link RotaryOrder}: model folders have their rows in {@link
 * RotaryOrder#HALVES}, GGUF files in {@link RotaryOrder#PAIRS}. Rows are moved as bytes, so that values do not change,
 * whatever their dtype or block format.
 */
final class RotaryRows {
    private RotaryRows() {}

    /**
     * Copies rows from the order of GGUF: the even rows of each head become its first half, the odd ones its second half.
     *
     * @param array any type, [N, ...], dense, in C order
     * @param headRows d, an even divisor of N
     */
    static INDArray toHalves(INDArray array, int headRows) {
        return reorder(array, source -> {
            long inHead = source % headRows;
            return source - inHead + inHead % 2 * (headRows / 2) + inHead / 2;
        });
    }

    /** Copies rows to the order of GGUF, the inverse of {@link #toHalves}. */
    static INDArray toPairs(INDArray array, int headRows) {
        return reorder(array, source -> {
            long inHead = source % headRows;
            return source - inHead + inHead % (headRows / 2) * 2 + inHead / (headRows / 2);
        });
    }

    private static INDArray reorder(INDArray array, LongUnaryOperator targetOf) {
        INDArray ordered = Nd4j.createUninitialized(array.dataType(), array.shape(), 'c');
        NativeArray from = new NativeArray(array);
        NativeArray to = new NativeArray(ordered);
        long rows = array.size(0);
        byte[] row = new byte
                [Math.toIntExact(array.length() / rows * array.dataType().width())];
        for (long source = 0; source < rows; source++) {
            from.read(source * row.length, row, row.length);
            to.write(row, targetOf.applyAsLong(source) * row.length, row.length);
        }
        return ordered;
    }
}
