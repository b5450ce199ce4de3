package org.llava4j.data.tensors;

import java.util.Locale;

/** Overflow check of one tensor that is converted to a narrower type: finite values that become infinite there. */
final class OverflowCounter {
    /** From these magnitudes on, rounding to the nearest gives infinity. */
    private static final float F16_LIMIT = 65520f;

    private static final float BF16_LIMIT = Float.intBitsToFloat(0x7f7f8000);

    private final TensorType type;
    private final float limit;
    private long count;
    private float largest;

    /** @param type of the converted values */
    OverflowCounter(TensorType type) {
        this.type = type;
        limit = switch (type) {
            case F16 -> F16_LIMIT;
            case BF16 -> BF16_LIMIT;
            default -> Float.POSITIVE_INFINITY;
        };
    }

    /** Counts a value that is about to be converted. */
    void add(float value) {
        float magnitude = Math.abs(value);
        if (magnitude >= limit && magnitude <= Float.MAX_VALUE) {
            count++;
            largest = Math.max(largest, magnitude);
        }
    }

    boolean any() {
        return count > 0;
    }

    /** One clause that names the tensor, how many values overflow, and the largest. */
    String message(TensorInfo tensor) {
        return String.format(
                Locale.ROOT,
                "tensor \"%s\": %d of %d values are beyond what %s holds (the largest is %.6g) and become infinite",
                tensor.name(),
                count,
                tensor.length(),
                type.torchName(),
                largest);
    }
}
