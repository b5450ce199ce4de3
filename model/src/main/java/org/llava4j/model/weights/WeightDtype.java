package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.Int8Quantization;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.NonFiniteCounts;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weight dtype of frozen matrices in memory. BF16 and FP16 halve their memory: the arrays are BFLOAT16 or HALF
 * constants of the graph, so that everything that reads an array's data type (hashes, files, the reference kernels)
 * handles them. Only LLaVA4J's own ops read these arrays. All arithmetic is float32.
 */
public enum WeightDtype {
    FP32(DataType.FLOAT),
    BF16(DataType.BFLOAT16),
    FP16(DataType.HALF),
    /**
     * Int8 quantization of the decoder layers with one scale per output channel (see {@link Int8Quantization}); all
     * other weights are float32. For inference only.
     */
    INT8(DataType.BYTE);

    private static final String DECODER_LAYERS = "model.layers.";

    private final DataType dataType;

    WeightDtype(DataType dataType) {
        this.dataType = dataType;
    }

    /**
     * Converts or quantizes a matrix to this dtype.
     *
     * @param name variable name; INT8 quantizes decoder layers only
     * @param matrix {@code float32}, contiguous in C order
     * @throws BadInputException if INT8 is given NaN or infinite values
     */
    public INDArray convert(String name, INDArray matrix) {
        if (this == INT8) {
            NonFiniteCounts bad = NonFiniteCounts.count(matrix);
            if (bad.total() > 0) {
                throw new BadInputException(
                        name + " contains " + bad + ", which int8 cannot represent; use fp32, or repair the weights");
            }
            return name.startsWith(DECODER_LAYERS) ? Int8Quantization.quantize(matrix) : matrix;
        }
        return FloatConversion.cast(name, matrix, dataType);
    }

    /** The ND4J data type of the arrays. */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Parses {@code --dtype} of inference: fp32, bf16, fp16 or int8.
     *
     * @throws BadInputException if the name is unknown
     */
    public static WeightDtype forInference(String name) {
        WeightDtype type = find(name);
        if (type == null) {
            throw new BadInputException("--dtype " + name + " is not supported; use fp32, bf16, fp16 or int8");
        }
        return type;
    }

    /**
     * Parses {@code --frozen-dtype} of training: fp32, bf16 or fp16.
     *
     * @throws BadInputException if the name is unknown
     */
    public static WeightDtype forFrozenWeights(String name) {
        WeightDtype type = find(name);
        if (type == null || type == INT8) {
            throw new BadInputException("--frozen-dtype " + name + " is not supported; use fp32, bf16 or fp16");
        }
        return type;
    }

    private static @Nullable WeightDtype find(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** The name as in {@link #forInference}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
