package org.llava4j.model.weights;

import java.util.Arrays;
import java.util.Locale;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * How the matrices of frozen layers are kept in memory. In 16 bits they take half of it, as BFLOAT16 or HALF constants
 * of the graph: SameDiff holds such arrays as they are, and with ND4J's own types everything that asks an array for its
 * type (hashes, files, the portable kernels) knows what it reads. Only our own operations touch them; all arithmetic
 * is float32.
 */
public enum FrozenType {
    FP32(DataType.FLOAT),
    BF16(DataType.BFLOAT16),
    FP16(DataType.HALF);

    private final DataType inMemory;

    FrozenType(DataType inMemory) {
        this.inMemory = inMemory;
    }

    /** The ND4J type of the arrays. */
    public DataType inMemory() {
        return inMemory;
    }

    /**
     * By name, as a command line has it: fp32, bf16 or fp16.
     *
     * @throws BadInputException if it is none of them
     */
    public static FrozenType named(String name) {
        return Arrays.stream(values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        name + " is no type for frozen weights (--frozen-dtype); use fp32, bf16 or fp16"));
    }

    /** As in {@link #named}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
