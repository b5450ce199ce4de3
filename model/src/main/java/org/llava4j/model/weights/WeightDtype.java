package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.kernels.QuantizedMatrix;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.tensors.NonFiniteCounts;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weight dtype of frozen matrices in memory. BF16 and FP16 halve their memory: the arrays are BFLOAT16 or HALF
 * constants of the graph, so that everything that reads an array's data type (hashes, files, the reference kernels)
 * handles them. Q8 and Q4 quantize while loading ({@link QuantizedFormat}). STORED converts nothing. Only LLaVA4J's own ops
 * read low-precision arrays. All arithmetic is float32.
 */
public enum WeightDtype {
    FP32(DataType.FLOAT, null),
    BF16(DataType.BFLOAT16, null),
    FP16(DataType.HALF, null),
    Q8(DataType.HALF, QuantizedFormat.Q8),
    Q4(DataType.HALF, QuantizedFormat.Q4),
    /** Each matrix in the form in which its file stores it: one of the above, or blocks of a GGUF file. */
    STORED(DataType.FLOAT, null);

    /** Former name of a quantized dtype, still accepted. */
    private static final String INT8 = "int8";

    private static final String LM_HEAD = "lm_head.weight";

    private final DataType dataType;
    private final @Nullable QuantizedFormat format;

    WeightDtype(DataType dataType, @Nullable QuantizedFormat format) {
        this.dataType = dataType;
        this.format = format;
    }

    /** Whether matrices are quantized. */
    public boolean isQuantized() {
        return format != null;
    }

    /** Whether a matrix is quantized, see {@link #formatOf}. */
    public boolean quantizes(String name, long... shape) {
        return formatOf(name, shape) != null;
    }

    /**
     * The format of a quantized matrix. Q4 quantizes the LM head to 8 bits: its errors decide between tokens, and it is
     * a small part of a model. Tables of which single rows are looked up, convolution kernels, and matrices whose rows
     * are not whole groups are not quantized and have {@link #dataType}.
     *
     * @param name of the variable or of its stored tensor
     * @return null if the matrix is not quantized
     */
    public @Nullable QuantizedFormat formatOf(String name, long... shape) {
        if (format == null || !QuantizedFormat.canQuantize(shape) || name.contains("embed")) {
            return null;
        }
        return name.endsWith(LM_HEAD) ? QuantizedFormat.Q8 : format;
    }

    /**
     * Converts or quantizes a matrix to this dtype.
     *
     * @param name variable name
     * @param matrix {@code float32}, contiguous in C order
     * @throws BadInputException if values are not representable: beyond the range of fp16, or NaN or infinite values
     *     that are to be quantized
     */
    public INDArray convert(String name, INDArray matrix) {
        QuantizedFormat quantized = formatOf(name, matrix.shape());
        if (quantized == null) {
            return FloatConversion.cast(name, matrix, dataType);
        }
        NonFiniteCounts bad = NonFiniteCounts.count(matrix);
        if (bad.total() > 0) {
            throw new BadInputException(name + " contains " + bad + ", which " + this
                    + " cannot represent; use fp32, or repair the weights");
        }
        return QuantizedMatrix.quantize(name, matrix, quantized);
    }

    /** The ND4J data type of matrices that are not quantized. */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Bytes of a matrix in memory.
     *
     * @param name of the variable
     * @throws ArithmeticException if they exceed 63 bits
     */
    public long bytes(String name, long... shape) {
        QuantizedFormat quantized = formatOf(name, shape);
        return quantized == null
                ? Arrays.stream(shape).reduce(dataType.width(), Math::multiplyExact)
                : Math.multiplyExact(shape[0], quantized.rowBytes(shape[1]));
    }

    /**
     * The dtype of the vision tower beside a frozen decoder of this dtype. Only the decoder is quantized for training, as
     * in LLaVA's {@code finetune_qlora.sh}, which runs the tower in bf16.
     */
    public WeightDtype ofTower() {
        return isQuantized() ? BF16 : this;
    }

    /**
     * Parses {@code --dtype} of inference: fp32, bf16, fp16, q8, q4 or stored.
     *
     * @throws BadInputException if the name is unknown
     */
    public static WeightDtype forInference(String name) {
        return name.equals(INT8) ? Q8 : parse("--dtype", name);
    }

    /**
     * Parses {@code --frozen-dtype} of training: fp32, bf16, fp16, q8, q4 or stored.
     *
     * @throws BadInputException if the name is unknown
     */
    public static WeightDtype forFrozenWeights(String name) {
        return parse("--frozen-dtype", name);
    }

    private static WeightDtype parse(String flag, String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        flag + " " + name + " is not supported; use fp32, bf16, fp16, q8, q4 or stored"));
    }

    /** The name as in {@link #forInference}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
