package org.llava4j.model.tensors.torch;

/** Storage types in PyTorch files and the size of their elements in bytes. */
public enum StorageType {
    DOUBLE("DoubleStorage", 8),
    FLOAT("FloatStorage", 4),
    HALF("HalfStorage", 2),
    BFLOAT16("BFloat16Storage", 2),
    LONG("LongStorage", 8),
    INT("IntStorage", 4),
    SHORT("ShortStorage", 2),
    CHAR("CharStorage", 1),
    BYTE("ByteStorage", 1),
    BOOL("BoolStorage", 1);

    private final String pythonName;
    private final int bytes;

    StorageType(String pythonName, int bytes) {
        this.pythonName = pythonName;
        this.bytes = bytes;
    }

    String pythonName() {
        return "torch." + pythonName;
    }

    /** Size of one element in bytes. */
    int bytes() {
        return bytes;
    }
}
