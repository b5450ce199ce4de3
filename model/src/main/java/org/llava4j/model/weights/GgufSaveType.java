package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.BlockFormat;
import org.llava4j.model.kernels.BlockQuantizer;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.TensorInfo;
import org.llava4j.model.tensors.TensorType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Type of the matrices of a decoder in a written GGUF file, by llama.cpp's name of such files. */
public enum GgufSaveType {
    F16(1, null, null),
    Q8_0(7, BlockFormat.Q8_0, BlockFormat.Q8_0),
    /** The LM head is Q8_0: llama.cpp quantizes it less than other matrices too. */
    Q4_0(2, BlockFormat.Q4_0, BlockFormat.Q8_0);

    private final int fileType;
    private final @Nullable BlockFormat format;
    private final @Nullable BlockFormat headFormat;

    GgufSaveType(int fileType, @Nullable BlockFormat format, @Nullable BlockFormat headFormat) {
        this.fileType = fileType;
        this.format = format;
        this.headFormat = headFormat;
    }

    /**
     * The type with a name.
     *
     * @throws BadInputException if there is none
     */
    public static GgufSaveType of(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new BadInputException("--save-type " + name + " is not a type of GGUF files; use " + names()));
    }

    /** Whether a type has a name. */
    public static boolean isName(String name) {
        return Arrays.stream(values()).anyMatch(type -> type.toString().equals(name));
    }

    /** The names of all types, for messages. */
    public static String names() {
        return F16 + ", " + Q8_0 + " or " + Q4_0;
    }

    /** {@code general.file_type}. */
    public int fileType() {
        return fileType;
    }

    /**
     * Returns a matrix as it is stored. Blocks of the same format keep their bytes; a matrix whose rows are not whole blocks is F16.
     *
     * @param isHead whether it is the matrix of the LM head
     */
    LazyTensor apply(LazyTensor matrix, boolean isHead) {
        BlockFormat target = format(matrix, isHead);
        if (target == null) {
            return matrix.withType(TensorType.F16);
        }
        TensorInfo info = info(matrix, target);
        LazyTensor stored = matrix.encoded();
        if (stored != null && stored.info().equals(info)) {
            return stored;
        }
        return LazyTensor.computed(info, () -> {
            INDArray[] quantized = new INDArray[1];
            matrix.useAsFloats(floats -> quantized[0] = BlockQuantizer.quantize(matrix.name(), floats, target));
            return quantized[0];
        });
    }

    /** Whether a matrix is quantized already, in another format than the one in which it is stored. */
    boolean quantizesAgain(LazyTensor matrix, boolean isHead) {
        BlockFormat target = format(matrix, isHead);
        LazyTensor stored = matrix.encoded();
        return target != null && stored != null && !stored.info().equals(info(matrix, target));
    }

    /** Whether a matrix of the decoder is stored in blocks. */
    boolean quantizes(LazyTensor matrix) {
        return format(matrix, false) != null;
    }

    private @Nullable BlockFormat format(LazyTensor matrix, boolean isHead) {
        BlockFormat target = isHead ? headFormat : format;
        long[] shape = matrix.info().shape();
        return target == null || shape.length != 2 || shape[1] % target.blockSize() != 0 ? null : target;
    }

    private static TensorInfo info(LazyTensor matrix, BlockFormat format) {
        long[] shape = matrix.info().shape();
        return new TensorInfo(matrix.name(), TensorType.U8, format.shape(shape[0], shape[1]));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
