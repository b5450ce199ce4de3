package org.llava4j.model.memory;

import org.bytedeco.javacpp.indexer.ByteIndexer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Native memory of an array that is dense and in C order, written one element at a time in any order. */
public final class NativeElements {
    private final ByteIndexer bytes;

    public NativeElements(INDArray array) {
        bytes = ByteIndexer.create(new MovablePointer.ToBytes()
                .at(NativeArray.addressOf(array))
                .capacity(array.length() * array.dataType().width()));
    }

    /**
     * Writes an element. The caller keeps the array alive.
     *
     * @param offset in bytes
     * @param width of the element in bytes: 1, 2, 4 or 8
     * @param bits the element's bits
     * @throws IndexOutOfBoundsException if the offset is outside the array
     */
    public void put(long offset, int width, long bits) {
        switch (width) {
            case Long.BYTES -> bytes.putLong(offset, bits);
            case Integer.BYTES -> bytes.putInt(offset, (int) bits);
            case Short.BYTES -> bytes.putShort(offset, (short) bits);
            default -> bytes.put(offset, (byte) bits);
        }
    }
}
