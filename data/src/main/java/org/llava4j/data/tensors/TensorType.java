package org.llava4j.data.tensors;

import org.nd4j.linalg.api.buffer.DataType;

/** The element types that this project reads and writes, by their names in safetensors files. */
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
    public int bytes() {
        return bytes;
    }

    /** The ND4J type this is read as: 16-bit floats widen to FLOAT, exactly. */
    public DataType inMemory() {
        return inMemory;
    }

    boolean isHalfWidth() {
        return this == F16 || this == BF16;
    }

    /** One element of a half-width type, from its bits. */
    float widen(short bits) {
        return this == F16 ? HalfFloats.f16ToFloat(bits) : HalfFloats.bf16ToFloat(bits);
    }

    /** The bits of one element of a half-width type, rounded to the nearest. */
    short narrow(float value) {
        return this == F16 ? HalfFloats.floatToF16(value) : HalfFloats.floatToBf16(value);
    }

    /** Whether it is one of the three among which {@link FloatConversion} converts. */
    boolean isFloat() {
        return this == F32 || isHalfWidth();
    }

    /** The type in which an ND4J array is written when nothing else is asked for. */
    static TensorType of(DataType type) {
        if (type == DataType.HALF) {
            return F16;
        }
        if (type == DataType.BFLOAT16) {
            return BF16;
        }
        for (TensorType candidate : values()) {
            if (candidate.inMemory == type && !candidate.isHalfWidth()) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("no safetensors type for " + type + " arrays");
    }
}
