package org.llava4j.train.plan;

import java.util.Arrays;
import java.util.List;

/** Output array of an operation, float32 with a shape. Arrays are compared by identity. */
final class StepArray {
    private final List<Long> shape;

    StepArray(long... shape) {
        this.shape = Arrays.stream(shape).boxed().toList();
    }

    List<Long> shape() {
        return shape;
    }

    long rows() {
        return shape.get(0);
    }

    static long bytes(List<Long> shape) {
        return Float.BYTES * shape.stream().reduce(1L, (a, b) -> a * b);
    }

    long bytes() {
        return bytes(shape);
    }
}
