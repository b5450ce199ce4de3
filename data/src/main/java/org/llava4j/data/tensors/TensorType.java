package org.llava4j.data.tensors;

import org.nd4j.linalg.api.buffer.DataType;

/** The element types of safetensors that this project reads and writes, by their names in the file. */
public enum TensorType {
    F64(8, DataType.DOUBLE),
    F32(4, DataType.FLOAT),
    F16(2, DataType.FLOAT),
    BF16(2, DataType.FLOAT),
    I64(8, DataType.LONG),
    I32(4, DataType.INT),
    I16(2, DataType.SHORT),
    I8(1, DataType.BYTE),
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

    /** The type in which an ND4J array is written when nothing else is asked for. */
    static TensorType of(DataType type) {
        return switch (type) {
            case DOUBLE -> F64;
            case FLOAT -> F32;
            case LONG -> I64;
            case INT -> I32;
            case SHORT -> I16;
            case BYTE -> I8;
            case UBYTE -> U8;
            case BOOL -> BOOL;
            default -> throw new IllegalArgumentException("no safetensors type for " + type + " arrays");
        };
    }
}
