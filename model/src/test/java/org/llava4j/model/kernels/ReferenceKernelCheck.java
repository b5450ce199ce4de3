package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares a call of {@link Kernels} in float32 with the reference kernels in double. */
final class ReferenceKernelCheck {
    static final double TOLERANCE = 1e-5;

    private final Kernels tested;
    private final Kernels reference = Nd4jKernels.create();
    private final Random random;

    ReferenceKernelCheck(Kernels tested, long seed) {
        this.tested = tested;
        this.random = new Random(seed);
    }

    /** A kernel call. */
    interface Call {
        void run(Kernels kernels, INDArray[] in, INDArray[] out);
    }

    /** Normally distributed float32 values. */
    INDArray normal(long... shape) {
        float[] values = new float[(int) product(shape)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    static INDArray ints(int... values) {
        return Nd4j.createFromArray(values);
    }

    /** {@code count} random integers below {@code end}, with repetitions. */
    INDArray anyBelow(int end, int count) {
        return ints(random.ints(count, 0, end).toArray());
    }

    static INDArray[] in(INDArray... arrays) {
        return arrays;
    }

    static long[] shape(long... sizes) {
        return sizes;
    }

    /**
     * Asserts that every output is within {@link #TOLERANCE} of the reference, independent of the old contents of the
     * output, and bit-identical in a second run.
     */
    void run(String what, Call call, INDArray[] in, long[]... outputShapes) {
        INDArray[] actual = outputs(DataType.FLOAT, outputShapes);
        INDArray[] secondRun = outputs(DataType.FLOAT, outputShapes);
        INDArray[] expected = outputs(DataType.DOUBLE, outputShapes);
        INDArray[] doubles = new INDArray[in.length];
        for (int i = 0; i < in.length; i++) {
            boolean isFloat = in[i] != null && in[i].dataType() == DataType.FLOAT;
            doubles[i] = isFloat ? in[i].castTo(DataType.DOUBLE) : in[i];
        }
        call.run(tested, in, actual);
        call.run(tested, in, secondRun);
        call.run(reference, doubles, expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(relativeError(actual[i], expected[i]))
                    .as("%s, output %d: relative error", what, i)
                    .isLessThanOrEqualTo(TOLERANCE);
            assertThat(actual[i].data().asFloat())
                    .as("%s, output %d of a second run", what, i)
                    .isEqualTo(secondRun[i].data().asFloat());
        }
    }

    private static INDArray[] outputs(DataType type, long[]... shapes) {
        INDArray[] arrays = new INDArray[shapes.length];
        for (int i = 0; i < shapes.length; i++) {
            arrays[i] = Nd4j.valueArrayOf(shapes[i], Double.NaN, type);
        }
        return arrays;
    }

    /** |x - y| / |y| in the 2-norm; NaN if x contains NaN. */
    static double relativeError(INDArray x, INDArray y) {
        double[] a = x.castTo(DataType.DOUBLE).data().asDouble();
        double[] b = y.castTo(DataType.DOUBLE).data().asDouble();
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        return difference == 0 ? 0 : Math.sqrt(difference / norm);
    }

    private static long product(long... sizes) {
        long product = 1;
        for (long size : sizes) {
            product *= size;
        }
        return product;
    }
}
