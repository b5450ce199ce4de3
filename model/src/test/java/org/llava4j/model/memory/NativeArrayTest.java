package org.llava4j.model.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Copies between arrays and the heap, by the elements of the Java type. */
class NativeArrayTest {
    @Test
    void copiesEveryTypeAtItsPosition() {
        INDArray array = Nd4j.zeros(DataType.INT, 4);
        NativeArray memory = new NativeArray(array);
        memory.write(new byte[] {1, 2}, 1, 2);
        memory.write(new short[] {3, 4}, 2, 2);
        assertThat(array.toIntVector()).containsExactly(0x020100, 0x040003, 0, 0);
        int[] ints = new int[1];
        memory.read(1, ints, 1);
        short[] shorts = new short[1];
        memory.read(3, shorts, 1);
        byte[] bytes = new byte[1];
        memory.read(2, bytes, 1);
        assertThat(ints).containsExactly(0x040003);
        assertThat(shorts).containsExactly((short) 4);
        assertThat(bytes).containsExactly((byte) 2);
    }

    @Test
    void readsRowsOfViewsAtTheirOffset() {
        INDArray view = Nd4j.arange(12).castTo(DataType.FLOAT).reshape(4, 3).get(NDArrayIndex.interval(2, 4));
        assertThat(NativeArray.rows(view, 2)).containsExactly(new float[] {6, 7, 8}, new float[] {9, 10, 11});
    }

    @Test
    void writesRowsOfViewsAtTheirOffset() {
        INDArray array = Nd4j.zeros(DataType.FLOAT, 4, 3);
        INDArray view = array.get(NDArrayIndex.interval(2, 4));
        NativeArray.writeRows(view, List.of(new float[] {6, 7, 8}, new float[] {9, 10, 11}));
        assertThat(array.data().asFloat()).containsExactly(0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 10, 11);
    }

    @Test
    void elementsOutsideOfTheArrayAreRejected() {
        NativeElements elements = new NativeElements(Nd4j.zeros(DataType.SHORT, 2));
        elements.put(2, Short.BYTES, 5);
        assertThatThrownBy(() -> elements.put(4, Short.BYTES, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
