package org.llava4j.model.weights;

import java.util.Random;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Weight initializer. Values depend only on seed and name: each name has its own random stream, so the order of
 * initialization does not matter.
 */
public final class WeightInitializer {

    private WeightInitializer() {}

    /**
     * PyTorch's default initialization of {@code nn.Linear}: uniform in ±1 / sqrt(K).
     *
     * @param inputs input width K of the layer; for a bias, that of its weight
     */
    public static INDArray uniformLinear(long seed, String name, long inputs, long... shape) {
        double bound = 1.0 / Math.sqrt(inputs);
        SplittableRandom random = stream(seed, name);
        return fill(() -> (float) random.nextDouble(-bound, bound), shape);
    }

    /** Normal distribution with mean 0. */
    public static INDArray normal(long seed, String name, double deviation, long... shape) {
        Random random = new Random(stream(seed, name).nextLong());
        return fill(() -> (float) (random.nextGaussian() * deviation), shape);
    }

    private static SplittableRandom stream(long seed, String name) {
        return new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ name.hashCode());
    }

    private interface FloatSource {
        float next();
    }

    private static INDArray fill(FloatSource source, long... shape) {
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape);
        float[] values = new float[Math.toIntExact(array.length())];
        for (int i = 0; i < values.length; i++) {
            values[i] = source.next();
        }
        array.assign(Nd4j.createFromArray(values).reshape('c', shape));
        return array;
    }
}
