package org.llava4j.model.tensors;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Types of tensors in GGUF files by their numbers, which are those of ggml. Each is a plain type, a block format
 * ({@code org.llava4j.model.kernels.BlockFormat}), or known by name only.
 */
enum GgmlType {
    F32(0, TensorType.F32),
    F16(1, TensorType.F16),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q8_1(9),
    Q2_K(10),
    Q3_K(11),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    Q8_K(15),
    IQ2_XXS(16),
    IQ2_XS(17),
    IQ3_XXS(18),
    IQ1_S(19),
    IQ4_NL(20),
    IQ3_S(21),
    IQ2_S(22),
    IQ4_XS(23),
    I8(24),
    I16(25),
    I32(26),
    I64(27),
    F64(28),
    IQ1_M(29),
    BF16(30, TensorType.BF16),
    TQ1_0(34),
    TQ2_0(35),
    MXFP4(39);

    private final int number;
    private final @Nullable TensorType elements;
    private final int blockSize;
    private final int typeSize;

    GgmlType(int number) {
        this(number, null, 1, 0);
    }

    GgmlType(int number, TensorType elements) {
        this(number, elements, 1, elements.bytes());
    }

    GgmlType(int number, int blockSize, int typeSize) {
        this(number, TensorType.U8, blockSize, typeSize);
    }

    GgmlType(int number, @Nullable TensorType elements, int blockSize, int typeSize) {
        this.number = number;
        this.elements = elements;
        this.blockSize = blockSize;
        this.typeSize = typeSize;
    }

    /** The type with a number; null if there is none. */
    static @Nullable GgmlType of(int number) {
        return Arrays.stream(values())
                .filter(type -> type.number == number)
                .findFirst()
                .orElse(null);
    }

    /**
     * The type of a tensor in the form in which it is read and written.
     *
     * @param tensor of floating-point values, or the blocks {@code U8[N, blocks, typeSize]} of a matrix
     */
    static GgmlType of(TensorInfo tensor) {
        long[] shape = tensor.shape();
        return Arrays.stream(values())
                .filter(type -> type.elements == tensor.type()
                        && (!type.hasBlocks() || (shape.length == 3 && shape[2] == type.typeSize)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(tensor + " has no type of ggml"));
    }

    /** The names of the types that can be read, for messages. */
    static String supported() {
        return Arrays.stream(values())
                .filter(type -> type.elements() != null)
                .map(Enum::name)
                .collect(Collectors.joining(", "));
    }

    /** The number of the type in files. */
    int number() {
        return number;
    }

    /** The type of the elements of the array that is read: bytes for blocks; null if the type cannot be read. */
    @Nullable
    TensorType elements() {
        return elements;
    }

    /** Whether values are quantized in blocks. */
    boolean hasBlocks() {
        return blockSize > 1;
    }

    /** Values of a block. */
    int blockSize() {
        return blockSize;
    }

    /** Bytes of a block. */
    int typeSize() {
        return typeSize;
    }
}
