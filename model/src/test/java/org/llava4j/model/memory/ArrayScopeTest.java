package org.llava4j.model.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A scope returns its arrays to the pool once. */
class ArrayScopeTest {
    private static final long[] SHAPE = {3, 5, 17};

    private final PooledMemory pool = PooledMemory.forCurrentThread();

    @Test
    void closedScopeReturnsBorrowedArrays() {
        INDArray first;
        try (ArrayScope scope = new ArrayScope()) {
            first = scope.borrow(DataType.FLOAT, SHAPE);
            assertThat(scope.borrow(DataType.FLOAT, SHAPE)).isNotSameAs(first);
        }
        long allocated = pool.allocatedArrays();
        try (ArrayScope scope = new ArrayScope()) {
            scope.borrow(DataType.FLOAT, SHAPE);
            scope.borrow(DataType.FLOAT, SHAPE);
        }
        assertThat(pool.allocatedArrays()).isEqualTo(allocated);
        assertThat(first.wasClosed()).isFalse();
    }

    @Test
    void closedScopeReturnsOwnedArraysOnce() {
        INDArray array = pool.borrow(DataType.FLOAT, SHAPE);
        long before = pool.freeBytes();
        ArrayScope scope = new ArrayScope();
        assertThat(scope.own(Map.of("array", array))).containsEntry("array", array);
        scope.close();
        scope.close();
        assertThat(pool.freeBytes()).isEqualTo(before + PooledMemory.bytes(array));
    }
}
