package org.llava4j.eval.realsize;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.FloatConversion;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fast random bfloat16 arrays, reproducible by name. Each value is one of 2^16 normal samples, selected by a hash of
 * the array's name and the position, so values do not depend on how blocks are distributed over threads.
 */
final class RandomBfloat16 {
    private static final double STANDARD_DEVIATION = 0.02;
    private static final int NUM_SAMPLES = 1 << Short.SIZE;
    private static final int BLOCK_SIZE = 1 << 17;
    private static final short ONE = 0x3f80;

    private final long seed;
    private final short[] samples = new short[NUM_SAMPLES];

    RandomBfloat16(long seed) {
        this.seed = seed;
        try (INDArray normal = WeightInitializer.normal(seed, "choices", STANDARD_DEVIATION, NUM_SAMPLES);
                INDArray half = FloatConversion.cast(normal, DataType.BFLOAT16)) {
            new NativeArray(half).read(0, samples, samples.length);
        }
    }

    /** Array of normal values with standard deviation 0.02; all ones for norm weights. */
    INDArray array(String name, long... shape) {
        INDArray array = Nd4j.createUninitialized(DataType.BFLOAT16, shape, 'c');
        NativeArray memory = new NativeArray(array);
        boolean ones = name.contains("norm") && name.endsWith(".weight");
        long key = mix(seed ^ ((long) name.hashCode() << Integer.SIZE));
        int blocks = Math.toIntExact((array.length() + BLOCK_SIZE - 1) / BLOCK_SIZE);
        IntStream.range(0, blocks).parallel().forEach(block -> {
            long from = (long) block * BLOCK_SIZE;
            short[] values = new short[(int) Math.min(BLOCK_SIZE, array.length() - from)];
            if (ones) {
                Arrays.fill(values, ONE);
            } else {
                fill(values, key + from);
            }
            memory.write(values, from, values.length);
        });
        return array;
    }

    /** Fills an array with four values per hash. */
    private void fill(short[] values, long key) {
        for (int i = 0; i < values.length; i += 4) {
            long hash = mix(key + i);
            int end = Math.min(values.length, i + 4);
            for (int j = i; j < end; j++) {
                values[j] = samples[(int) hash & (NUM_SAMPLES - 1)];
                hash >>>= Short.SIZE;
            }
        }
    }

    /** One step and the finalizer of SplitMix64 (Steele et al. 2014). */
    private static long mix(long value) {
        long z = (value + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
