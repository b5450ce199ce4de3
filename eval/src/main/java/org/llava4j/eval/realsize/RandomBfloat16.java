package org.llava4j.eval.realsize;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.ShortPointer;
import org.llava4j.data.tensors.FloatConversion;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Random BFLOAT16 arrays by name, billions of numbers in seconds: each is one of 2^16 normal ones, picked by a hash of
 * its name and place. So they do not depend on who makes which piece.
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
                INDArray narrow = FloatConversion.cast(normal, DataType.BFLOAT16)) {
            pointer(narrow).get(samples);
        }
    }

    /** Normal with deviation 0.02; the weights of norms are 1. */
    INDArray array(String name, long... shape) {
        INDArray array = Nd4j.createUninitialized(DataType.BFLOAT16, shape, 'c');
        boolean ones = name.contains("norm") && name.endsWith(".weight");
        long key = mixed(seed ^ ((long) name.hashCode() << Integer.SIZE));
        int pieces = Math.toIntExact((array.length() + BLOCK_SIZE - 1) / BLOCK_SIZE);
        IntStream.range(0, pieces).parallel().forEach(piece -> {
            long from = (long) piece * BLOCK_SIZE;
            short[] numbers = new short[(int) Math.min(BLOCK_SIZE, array.length() - from)];
            if (ones) {
                Arrays.fill(numbers, ONE);
            } else {
                fill(numbers, key + from);
            }
            pointer(array).position(from).put(numbers, 0, numbers.length);
        });
        return array;
    }

    /** Four numbers of each hash. */
    private void fill(short[] numbers, long key) {
        for (int i = 0; i < numbers.length; i += 4) {
            long hash = mixed(key + i);
            int end = Math.min(numbers.length, i + 4);
            for (int j = i; j < end; j++) {
                numbers[j] = samples[(int) hash & (NUM_SAMPLES - 1)];
                hash >>>= Short.SIZE;
            }
        }
    }

    /** The finalizer of SplitMix64 (Steele et al. 2014), one step on. */
    private static long mixed(long value) {
        long z = (value + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    private static ShortPointer pointer(INDArray array) {
        return new ShortPointer(array.data().pointer());
    }
}
