package org.llava4j.model.kernels;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Arrays of weights [N, K] in any quantized form: those of {@link QuantizedFormat} and of {@link BlockFormat}. */
public final class QuantizedWeights {
    private QuantizedWeights() {}

    /** Whether an array has one of the forms. */
    public static boolean isQuantized(INDArray array) {
        return BlockFormat.isBlocks(array) || QuantizedFormat.isQuantized(array);
    }

    /** Dequantizes such an array to {@code float32[N, K]}. */
    public static INDArray dequantize(INDArray weight) {
        return BlockFormat.isBlocks(weight) ? BlockMatrix.dequantize(weight) : QuantizedMatrix.dequantize(weight);
    }

    /** Validates such an array that was read from a file: describes its first problem, null if there is none. */
    public static @Nullable String problem(INDArray weight) {
        return BlockFormat.isBlocks(weight) ? BlockMatrix.problem(weight) : QuantizedMatrix.problem(weight);
    }
}
