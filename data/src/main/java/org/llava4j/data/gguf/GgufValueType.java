package org.llava4j.data.gguf;

/** Types of metadata values, in the order of their numbers in the file format. */
enum GgufValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    /** A length of 8 bytes and so many bytes of UTF-8. */
    STRING(8),
    /** The type of the elements in 4 bytes, their number in 8, and the elements. */
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private final int minBytes;

    GgufValueType(int minBytes) {
        this.minBytes = minBytes;
    }

    /** The least number of bytes that a value occupies. */
    int minBytes() {
        return minBytes;
    }
}
