package org.llava4j.model.memory;

import java.util.Collection;
import java.util.Locale;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Memory of a model's weights.
 *
 * @param mappedBytes weights that are mapped ({@link MappedArray}): pages of their files, shared between processes
 * @param readBytes weights in memory of this process
 */
public record WeightMemory(long mappedBytes, long readBytes) {
    /** No weights. */
    public static final WeightMemory NONE = new WeightMemory(0, 0);

    private static final double BYTES_PER_MB = 1e6;

    /** The memory of some weights. */
    public static WeightMemory of(Collection<INDArray> weights) {
        long mapped = 0;
        long read = 0;
        for (INDArray weight : weights) {
            long bytes = PooledMemory.bytes(weight);
            mapped += MappedArray.isMapped(weight) ? bytes : 0;
            read += MappedArray.isMapped(weight) ? 0 : bytes;
        }
        return new WeightMemory(mapped, read);
    }

    /** The sum of two parts of a model. */
    public WeightMemory plus(WeightMemory other) {
        return new WeightMemory(mappedBytes + other.mappedBytes, readBytes + other.readBytes);
    }

    /** Formats both numbers: {@code mapped 4105 MB, read 12 MB}. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "mapped %.0f MB, read %.0f MB", mappedBytes / BYTES_PER_MB, readBytes / BYTES_PER_MB);
    }
}
