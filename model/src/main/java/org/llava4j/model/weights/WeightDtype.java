package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.data.tensors.NonFiniteCounts;
import org.llava4j.model.kernels.Int8Quantization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How the matrices of frozen layers are kept in memory. In 16 bits they take half of it, as BFLOAT16 or HALF constants
 * of the graph: SameDiff holds such arrays as they are, and with ND4J's own types everything that asks an array for its
 * type (hashes, files, the portable kernels) knows what it reads. Only our own operations touch them; all arithmetic
 * is float32.
 */
public enum WeightDtype {
    FP32(DataType.FLOAT),
    BF16(DataType.BFLOAT16),
    FP16(DataType.HALF),
    /**
     * The decoder's layers in 8 bits, a scale for each output channel (see {@link Int8Quantization}), all else in float32: for
     * answers only.
     */
    INT8(DataType.BYTE);

    private static final String DECODER_LAYERS = "model.layers.";

    private final DataType dataType;

    WeightDtype(DataType inMemory) {
        this.dataType = inMemory;
    }

    /**
     * A matrix as it is kept.
     *
     * @param matrix {@code float32}, in C order without gaps
     */
    public INDArray convert(String name, INDArray matrix) {
        if (this == INT8) {
            NonFiniteCounts bad = NonFiniteCounts.count(matrix);
            if (bad.total() > 0) {
                throw new BadInputException(
                        name + " holds " + bad + ", which int8 cannot scale; use fp32, or weights" + " without them");
            }
            return name.startsWith(DECODER_LAYERS) ? Int8Quantization.quantize(matrix) : matrix;
        }
        return FloatConversion.cast(name, matrix, dataType);
    }

    /** The ND4J type of the arrays. */
    public DataType dataType() {
        return dataType;
    }

    /**
     * How a model that only answers is kept: fp32, bf16, fp16 or int8.
     *
     * @throws BadInputException if it is none of them
     */
    public static WeightDtype forInference(String name) {
        return find(name)
                .orElseThrow(() -> new BadInputException(
                        name + " is no type for weights (--dtype); use fp32, bf16, fp16 or int8"));
    }

    /**
     * How what is frozen in training is kept: fp32, bf16 or fp16.
     *
     * @throws BadInputException if it is none of them
     */
    public static WeightDtype forFrozenWeights(String name) {
        return find(name)
                .filter(type -> type != INT8)
                .orElseThrow(() -> new BadInputException(
                        name + " is no type for frozen weights (--frozen-dtype); use fp32, bf16 or fp16"));
    }

    private static Optional<WeightDtype> find(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst();
    }

    /** As in {@link #forFrozenWeights}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
