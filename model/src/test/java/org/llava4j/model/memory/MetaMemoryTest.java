package org.llava4j.model.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class MetaMemoryTest {
    private final MetaMemory memory = new MetaMemory();

    @Test
    void metaArrayHasShapeButOneElement() {
        INDArray array = MetaMemory.array(DataType.FLOAT, 1 << 20, 1 << 20);
        assertThat(array.shape()).containsExactly(1 << 20, 1 << 20);
        assertThat(array.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(array.data().length()).isEqualTo(1);
    }

    @Test
    void peaksCountArraysInUseAndFree() {
        INDArray first = memory.allocate(false, DataType.FLOAT, 10, 10);
        memory.release(first);
        INDArray second = memory.allocate(false, DataType.FLOAT, 5, 5);
        assertThat(memory.peakInUseBytes()).isEqualTo(400);
        assertThat(memory.peakBytes()).isEqualTo(500);
        assertThat(memory.allocate(false, DataType.FLOAT, 10, 10)).isSameAs(first);
        assertThat(memory.peakInUseBytes()).isEqualTo(500);
        assertThat(memory.peakBytes()).isEqualTo(500);
        memory.release(second);
        assertThatThrownBy(() -> memory.release(second)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void freeArraysAboveLimitLeavePool() {
        long gb = 1 << 30;
        INDArray large = memory.allocate(false, DataType.INT8, PooledMemory.limitBytes());
        INDArray larger = memory.allocate(false, DataType.INT8, PooledMemory.limitBytes() + gb);
        memory.release(large);
        assertThat(memory.freeBytes()).isEqualTo(PooledMemory.limitBytes());
        memory.release(larger);
        assertThat(memory.freeBytes()).isZero();
    }
}
