package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Kernels that read weights kept in 16 bits, against the same kernels on the same rounded weights in float32. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class HalfPrecisionWeightsTest {
    private static final double TOLERANCE = 1e-6;
    private static final long SEED = 20260101;
    private static final int RANDOM_SHAPES = 40;

    private final DataType type;
    private final KernelThreadPool workers;
    private final Kernels kernels;
    private final Random random = new Random(SEED);
    private final ReferenceKernelCheck numbers = new ReferenceKernelCheck(null, SEED);

    HalfPrecisionWeightsTest(Variant variant) {
        type = variant.type();
        workers = new KernelThreadPool(variant.threads());
        Kernels portable = new Nd4jKernels();
        kernels = variant.lanes() == null ? portable : new CpuKernels(portable, variant.lanes(), workers);
    }

    /** @param lanes null for the portable kernels */
    record Variant(DataType type, MathBackend lanes, int threads) {
        @Override
        public String toString() {
            return type + ", " + (lanes == null ? "nd4j" : lanes.name() + ", " + threads + " threads");
        }
    }

    static Stream<Variant> variants() {
        Nd4j.getBackend(); // sets its own number of BLAS threads when it starts
        return Stream.of(DataType.BFLOAT16, DataType.HALF)
                .flatMap(type -> Stream.of(
                        new Variant(type, null, 1),
                        new Variant(type, MathBackend.scalar(), 1),
                        new Variant(type, MathBackend.bestAvailable(), 1),
                        new Variant(type, MathBackend.bestAvailable(), 3)));
    }

    @AfterEach
    void stopWorkers() {
        workers.close();
    }

    private INDArray narrow(INDArray wide) {
        return FloatConversion.cast(wide, type);
    }

    private static INDArray wide(INDArray narrow) {
        return FloatConversion.cast(narrow, DataType.FLOAT);
    }

    private static INDArray unknown(long... shape) {
        return Nd4j.valueArrayOf(shape, Double.NaN, DataType.FLOAT);
    }

    private static void assertClose(String what, INDArray actual, INDArray expected) {
        assertThat(ReferenceKernelCheck.relativeError(actual, expected))
                .as(what)
                .isLessThanOrEqualTo(TOLERANCE);
    }

    /** Rows of x, K, N. */
    private void checkLinear(int rows, int inputs, int outputs) {
        String what = "linear of " + List.of(rows, inputs, outputs);
        INDArray x = numbers.normal(rows, inputs);
        INDArray w = narrow(numbers.normal(outputs, inputs));
        INDArray bias = random.nextBoolean() ? numbers.normal(outputs) : null;
        INDArray residual = random.nextBoolean() ? numbers.normal(rows, outputs) : null;
        INDArray actual = unknown(rows, outputs);
        INDArray expected = unknown(rows, outputs);
        kernels.linear(x, w, bias, residual, actual);
        kernels.linear(x, wide(w), bias, residual, expected);
        assertClose(what, actual, expected);
    }

    private void checkGradInput(int rows, int inputs, int outputs) {
        // Three weights in one sum, the second of them trainable and so in float32.
        INDArray[] dys = {numbers.normal(rows, outputs), numbers.normal(rows, 11), numbers.normal(rows, outputs)};
        INDArray[] ws = {
            narrow(numbers.normal(outputs, inputs)), numbers.normal(11, inputs), narrow(numbers.normal(outputs, inputs))
        };
        INDArray[] wides = {wide(ws[0]), ws[1], wide(ws[2])};
        INDArray actual = unknown(rows, inputs);
        INDArray expected = unknown(rows, inputs);
        kernels.linearGradInput(dys, ws, actual);
        kernels.linearGradInput(dys, wides, expected);
        assertClose("gradient to the input of " + List.of(rows, inputs, outputs), actual, expected);
    }

    @Test
    void aResultIsThatOfTheRoundedWeightInAnyShape() {
        for (int i = 0; i < RANDOM_SHAPES; i++) {
            int rows = i % 2 == 0 ? 1 + random.nextInt(4) : 5 + random.nextInt(200);
            int inputs = 1 + random.nextInt(300);
            int outputs = 1 + random.nextInt(300);
            checkLinear(rows, inputs, outputs);
            checkGradInput(rows, inputs, outputs);
        }
    }

    @Test
    void aWeightOfSeveralTilesIsReadWhole() {
        for (int[] p : new int[][] {{1, 1100, 1031}, {4, 1029, 600}, {7, 1025, 1030}, {700, 513, 520}}) {
            checkLinear(p[0], p[1], p[2]);
            checkGradInput(p[0], p[1], p[2]);
        }
    }

    @Test
    void aConvolutionKernelIsReadAsRows() {
        INDArray x = numbers.normal(9, 3 * 7 * 7);
        INDArray w = narrow(numbers.normal(20, 3, 7, 7));
        INDArray actual = unknown(9, 20);
        INDArray expected = unknown(9, 20);
        kernels.linear(x, w, null, null, actual);
        kernels.linear(x, wide(w), null, null, expected);
        assertClose("patch embedding", actual, expected);
    }

    @Test
    void everyPatternIsWidenedExactly() {
        short[] bits = new short[1 << 16];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) i;
        }
        INDArray table = Nd4j.createUninitialized(type, new long[] {bits.length / 32, 32}, 'c');
        new ShortPointer(table.data().pointer()).put(bits, 0, bits.length);
        int[] ids = random.ints(3000, 0, bits.length / 32).toArray();
        INDArray y = unknown(ids.length, 32);
        kernels.embedding(ReferenceKernelCheck.ints(ids), table, y);
        float[] actual = y.data().asFloat();
        float[] values = wide(table).data().asFloat();
        for (int i = 0; i < actual.length; i++) {
            float expected = values[ids[i / 32] * 32 + i % 32];
            assertThat(Float.floatToIntBits(actual[i])).isEqualTo(Float.floatToIntBits(expected));
        }
    }

    @Test
    void subnormalsAndInfinitiesReachTheSumOfFewRowsToo() {
        float tiny = type == DataType.HALF ? 0x1p-24f : 0x1p-130f;
        INDArray w = Nd4j.zeros(DataType.FLOAT, 3, 70);
        w.putScalar(0, 33, 3 * tiny);
        w.putScalar(0, 2, tiny);
        w.putScalar(1, 40, Float.POSITIVE_INFINITY);
        w.putScalar(2, 69, Float.NaN);
        INDArray x = Nd4j.valueArrayOf(new long[] {2, 70}, 0x1p20f, DataType.FLOAT);
        INDArray y = unknown(2, 3);
        kernels.linear(x, narrow(w), null, null, y);
        for (int r = 0; r < 2; r++) {
            assertThat(y.getFloat(r, 0)).isEqualTo(4 * tiny * 0x1p20f);
            assertThat(y.getFloat(r, 1)).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(y.getFloat(r, 2)).isNaN();
        }
    }

    @Test
    void aShapeThatDoesNotFitIsRefused() {
        if (kernels instanceof CpuKernels) {
            INDArray w = narrow(numbers.normal(3, 7));
            assertThatThrownBy(() -> kernels.linear(numbers.normal(4, 8), w, null, null, unknown(4, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x must be [4, 7] but is [4, 8]");
        }
    }
}
