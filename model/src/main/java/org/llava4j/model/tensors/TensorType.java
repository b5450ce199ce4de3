package org.llava4j.model.tensors;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;

/** Tensor dtypes that can be read and written, by their names in safetensors files. */
public enum TensorType {
    F64(8, DataType.DOUBLE),
    F32(4, DataType.FLOAT),
    F16(2, DataType.FLOAT),
    BF16(2, DataType.FLOAT),
    I64(8, DataType.INT64),
    I32(4, DataType.INT32),
    I16(2, DataType.INT16),
    I8(1, DataType.INT8),
    U8(1, DataType.UINT8),
    BOOL(1, DataType.BOOL);

    private final int bytes;
    private final DataType inMemory;

    TensorType(int bytes, DataType inMemory) {
        this.bytes = bytes;
        this.inMemory = inMemory;
    }

    /** Size of one element in the file, in bytes. */
    int bytes() {
        return bytes;
    }

    /** The ND4J dtype after reading: 16-bit floats are widened to FLOAT, which is exact. */
    public DataType inMemory() {
        return inMemory;
    }

    /**
     * The dtype for weights by its PyTorch name.
     *
     * @throws BadInputException if the name is not float32, float16 or bfloat16
     */
    public static TensorType ofTorchName(String name) {
        for (TensorType type : List.of(F32, F16, BF16)) {
            if (type.torchName().equals(name)) {
                return type;
            }
        }
        throw new BadInputException("unknown dtype " + name + "; use float32, float16 or bfloat16");
    }

    /** The PyTorch name of a dtype for weights. */
    public String torchName() {
        return switch (this) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new IllegalArgumentException("weights are written as F32, F16 or BF16, not " + this);
        };
    }

    /** The ND4J dtype of the same width and precision: 16-bit floats are not widened. */
    public DataType exactType() {
        return switch (this) {
            case F16 -> DataType.HALF;
            case BF16 -> DataType.BFLOAT16;
            default -> inMemory;
        };
    }

    boolean isHalfPrecision() {
        return this == F16 || this == BF16;
    }

    /** Converts the bits of a 16-bit float to float. */
    float widen(short bits) {
        return this == F16 ? HalfFloats.f16ToFloat(bits) : HalfFloats.bf16ToFloat(bits);
    }

    /** Converts a float to the bits of a 16-bit float, rounded to nearest. */
    short narrow(float value) {
        return this == F16 ? HalfFloats.floatToF16(value) : HalfFloats.floatToBf16(value);
    }

    /** Whether {@link FloatConversion} supports this dtype. */
    boolean isFloat() {
        return this == F32 || isHalfPrecision();
    }

    /** The file dtype of an ND4J array by default. */
    static TensorType of(DataType type) {
        if (type == DataType.HALF) {
            return F16;
        }
        if (type == DataType.BFLOAT16) {
            return BF16;
        }
        for (TensorType candidate : values()) {
            if (candidate.inMemory == type && !candidate.isHalfPrecision()) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("no safetensors type for " + type + " arrays");
    }
}
