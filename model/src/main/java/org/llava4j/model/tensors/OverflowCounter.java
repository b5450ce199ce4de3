package org.llava4j.model.tensors;

import java.util.Locale;

/** Overflow counter for one tensor that is converted to a narrower dtype: finite values that become infinite. */
final class OverflowCounter {
    /** Smallest magnitudes that round to infinity. */
    private static final float F16_LIMIT = 65520f;

    private static final float BF16_LIMIT = Float.intBitsToFloat(0x7f7f8000);

    private final TensorType type;
    private final float limit;
    private long count;
    private float largest;

    /**
     * @param type dtype after the conversion
     */
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

    /** Describes the overflow: the tensor, the number of values and the largest one. */
    String message(String name, long length) {
        return String.format(
                Locale.ROOT,
                "tensor \"%s\": %d of %d values exceed the range of %s (the largest is %.6g) and become infinite",
                name,
                count,
                length,
                type.torchName(),
                largest);
    }
}
