package org.llava4j.train.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.llava4j.model.memory.NativeArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Serializable arrays, as byte arrays, because Java serialization writes bytes in bulk but other numbers one at a time.
 *
 * @param byName float32 in native byte order and C order, by name; at most 2 GB each
 */
record FloatArrays(LinkedHashMap<String, byte[]> byName) implements Serializable {

    /** Copies arrays. */
    static FloatArrays of(Map<String, INDArray> arrays) {
        LinkedHashMap<String, byte[]> byName = new LinkedHashMap<>();
        arrays.forEach((name, array) -> byName.put(name, copy(array)));
        return new FloatArrays(byName);
    }

    private static byte[] copy(INDArray array) {
        try (INDArray contiguousCopy = array.dup('c')) {
            byte[] bytes = new byte[Math.toIntExact(array.length() * Float.BYTES)];
            new NativeArray(contiguousCopy).read(0, bytes, bytes.length);
            return bytes;
        }
    }

    /** New arrays with these values, each with the shape of the array of the same name. */
    Map<String, INDArray> shapedAs(Map<String, INDArray> templates) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        byName.forEach((name, bytes) -> {
            INDArray template = Objects.requireNonNull(templates.get(name), name);
            INDArray array = Nd4j.createUninitialized(DataType.FLOAT, template.shape(), 'c');
            put(bytes, array);
            arrays.put(name, array);
        });
        return arrays;
    }

    /** Copies the values into existing arrays, which are contiguous and in C order. */
    void copyInto(Map<String, INDArray> weights) {
        byName.forEach((name, bytes) -> put(bytes, Objects.requireNonNull(weights.get(name), name)));
    }

    private static void put(byte[] bytes, INDArray array) {
        boolean contiguous = array.offset() == 0 && array.ordering() == 'c' && !array.isView();
        if (!contiguous || array.length() * Float.BYTES != bytes.length) {
            throw new IllegalStateException(bytes.length + " bytes for " + array.shapeInfoToString());
        }
        new NativeArray(array).write(bytes, 0, bytes.length);
    }
}
