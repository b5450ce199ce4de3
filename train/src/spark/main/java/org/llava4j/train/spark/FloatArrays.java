package org.llava4j.train.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays on their way between machines.
 *
 * @param byName float32, in C order
 */
record FloatArrays(LinkedHashMap<String, float[]> byName) implements Serializable {

    /** Copies of arrays. */
    static FloatArrays of(Map<String, INDArray> arrays) {
        LinkedHashMap<String, float[]> byName = new LinkedHashMap<>();
        arrays.forEach((name, array) -> byName.put(name, copy(array)));
        return new FloatArrays(byName);
    }

    private static float[] copy(INDArray array) {
        try (INDArray plain = array.dup('c')) {
            float[] numbers = new float[Math.toIntExact(array.length())];
            new FloatPointer(plain.data().pointer()).get(numbers);
            return numbers;
        }
    }

    /** New arrays of these numbers, each of the shape of its namesake. */
    Map<String, INDArray> shapedAs(Map<String, INDArray> models) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        byName.forEach((name, numbers) ->
                arrays.put(name, Nd4j.create(numbers, models.get(name).shape(), 'c')));
        return arrays;
    }

    /** Puts the numbers into arrays that are there. */
    void copyInto(Map<String, INDArray> targets) {
        shapedAs(targets).forEach((name, array) -> {
            targets.get(name).assign(array);
            array.close();
        });
    }
}
