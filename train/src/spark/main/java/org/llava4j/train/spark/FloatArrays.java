package org.llava4j.train.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays on their way between machines, as the bytes that they are: Java writes bytes as they lie, and other numbers one by
 * one.
 *
 * @param byName float32 of the machine's byte order, in C order; at most 2 GB each
 */
record FloatArrays(LinkedHashMap<String, byte[]> byName) implements Serializable {

    /** Copies of arrays. */
    static FloatArrays of(Map<String, INDArray> arrays) {
        LinkedHashMap<String, byte[]> byName = new LinkedHashMap<>();
        arrays.forEach((name, array) -> byName.put(name, copy(array)));
        return new FloatArrays(byName);
    }

    private static byte[] copy(INDArray array) {
        try (INDArray plain = array.dup('c')) {
            byte[] bytes = new byte[Math.toIntExact(array.length() * Float.BYTES)];
            new BytePointer(plain.data().pointer()).get(bytes);
            return bytes;
        }
    }

    /** New arrays of these numbers, each of the shape of its namesake. */
    Map<String, INDArray> shapedAs(Map<String, INDArray> models) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        byName.forEach((name, bytes) -> {
            INDArray array =
                    Nd4j.createUninitialized(DataType.FLOAT, models.get(name).shape(), 'c');
            put(bytes, array);
            arrays.put(name, array);
        });
        return arrays;
    }

    /** Puts the numbers into the arrays of weights, which are in C order and whole. */
    void copyInto(Map<String, INDArray> weights) {
        byName.forEach((name, bytes) -> put(bytes, weights.get(name)));
    }

    private static void put(byte[] bytes, INDArray array) {
        boolean whole = array.offset() == 0 && array.ordering() == 'c' && !array.isView();
        if (!whole || array.length() * Float.BYTES != bytes.length) {
            throw new IllegalStateException(bytes.length + " bytes for " + array.shapeInfoToString());
        }
        new BytePointer(array.data().pointer()).put(bytes);
    }
}
