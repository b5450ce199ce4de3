package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.FloatConversion;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares kernels on bf16 and fp16 weights with the same kernels on the rounded weights in float32. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class HalfPrecisionWeightsTest {
    private static final double TOLERANCE = 1e-6;
    private static final long SEED = 20260101;
    private static final int RANDOM_SHAPES = 40;

    private final DataType type;
    private final KernelThreadPool pool;
    private final Kernels kernels;
    private final Random random = new Random(SEED);
    private final ReferenceKernelCheck numbers = new ReferenceKernelCheck(null, SEED);

    HalfPrecisionWeightsTest(Variant variant) {
        type = variant.type();
        pool = new KernelThreadPool(variant.threads());
        Kernels reference = Nd4jKernels.create();
        kernels = variant.math() == null ? reference : CpuKernels.create(reference, variant.math(), pool);
    }

    /**
     * Kernels under test.
     *
     * @param math null for the reference kernels
     */
    record Variant(DataType type, MathBackend math, int threads) {
        @Override
        public String toString() {
            return type + ", " + (math == null ? "nd4j" : math.name() + ", " + threads + " threads");
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
    void closePool() {
        pool.close();
    }

    private INDArray round(INDArray x) {
        return FloatConversion.cast(x, type);
    }

    private static INDArray toFloat32(INDArray x) {
        return FloatConversion.cast(x, DataType.FLOAT);
    }

    private static INDArray nanFilled(long... shape) {
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
        INDArray w = round(numbers.normal(outputs, inputs));
        INDArray bias = random.nextBoolean() ? numbers.normal(outputs) : null;
        INDArray residual = random.nextBoolean() ? numbers.normal(rows, outputs) : null;
        INDArray actual = nanFilled(rows, outputs);
        INDArray expected = nanFilled(rows, outputs);
        kernels.linear().forward(x, w, bias, residual, actual);
        kernels.linear().forward(x, toFloat32(w), bias, residual, expected);
        assertClose(what, actual, expected);
    }

    private void checkGradInput(int rows, int inputs, int outputs) {
        // Three weights in one sum; the second is trainable, therefore float32.
        INDArray[] dys = {numbers.normal(rows, outputs), numbers.normal(rows, 11), numbers.normal(rows, outputs)};
        INDArray[] ws = {
            round(numbers.normal(outputs, inputs)), numbers.normal(11, inputs), round(numbers.normal(outputs, inputs))
        };
        INDArray[] converted = {toFloat32(ws[0]), ws[1], toFloat32(ws[2])};
        INDArray actual = nanFilled(rows, inputs);
        INDArray expected = nanFilled(rows, inputs);
        kernels.linear().gradInput(dys, ws, actual);
        kernels.linear().gradInput(dys, converted, expected);
        assertClose("gradient to the input of " + List.of(rows, inputs, outputs), actual, expected);
    }

    @Test
    void linearMatchesRoundedWeight() {
        for (int i = 0; i < RANDOM_SHAPES; i++) {
            int rows = i % 2 == 0 ? 1 + random.nextInt(4) : 5 + random.nextInt(200);
            int inputs = 1 + random.nextInt(300);
            int outputs = 1 + random.nextInt(300);
            checkLinear(rows, inputs, outputs);
            checkGradInput(rows, inputs, outputs);
        }
    }

    @Test
    void linearReadsWeightOfSeveralTiles() {
        for (int[] p : new int[][] {{1, 1100, 1031}, {4, 1029, 600}, {7, 1025, 1030}, {700, 513, 520}}) {
            checkLinear(p[0], p[1], p[2]);
            checkGradInput(p[0], p[1], p[2]);
        }
    }

    @Test
    void linearReadsConvolutionKernelAsRows() {
        INDArray x = numbers.normal(9, 3 * 7 * 7);
        INDArray w = round(numbers.normal(20, 3, 7, 7));
        INDArray actual = nanFilled(9, 20);
        INDArray expected = nanFilled(9, 20);
        kernels.linear().forward(x, w, null, null, actual);
        kernels.linear().forward(x, toFloat32(w), null, null, expected);
        assertClose("patch embedding", actual, expected);
    }

    @Test
    void embeddingConvertsEveryBitPatternExactly() {
        short[] bits = new short[1 << 16];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) i;
        }
        INDArray table = Nd4j.createUninitialized(type, new long[] {bits.length / 32, 32}, 'c');
        new NativeArray(table).write(bits, 0, bits.length);
        int[] ids = random.ints(3000, 0, bits.length / 32).toArray();
        INDArray y = nanFilled(ids.length, 32);
        kernels.rows().embedding(ReferenceKernelCheck.ints(ids), table, y);
        float[] actual = y.data().asFloat();
        float[] values = toFloat32(table).data().asFloat();
        for (int i = 0; i < actual.length; i++) {
            float expected = values[ids[i / 32] * 32 + i % 32];
            assertThat(Float.floatToIntBits(actual[i])).isEqualTo(Float.floatToIntBits(expected));
        }
    }

    @Test
    void smallBatchKeepsSubnormalsInfinityAndNaN() {
        float tiny = type == DataType.HALF ? 0x1p-24f : 0x1p-130f;
        INDArray w = Nd4j.zeros(DataType.FLOAT, 3, 70);
        w.putScalar(0, 33, 3 * tiny);
        w.putScalar(0, 2, tiny);
        w.putScalar(1, 40, Float.POSITIVE_INFINITY);
        w.putScalar(2, 69, Float.NaN);
        INDArray x = Nd4j.valueArrayOf(new long[] {2, 70}, 0x1p20f, DataType.FLOAT);
        INDArray y = nanFilled(2, 3);
        kernels.linear().forward(x, round(w), null, null, y);
        for (int r = 0; r < 2; r++) {
            assertThat(y.getFloat(r, 0)).isEqualTo(4 * tiny * 0x1p20f);
            assertThat(y.getFloat(r, 1)).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(y.getFloat(r, 2)).isNaN();
        }
    }

    @Test
    void linearRejectsMismatchedShape() {
        if (kernels.linear() instanceof CpuLinear) {
            INDArray w = round(numbers.normal(3, 7));
            assertThatThrownBy(() -> kernels.linear().forward(numbers.normal(4, 8), w, null, null, nanFilled(4, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x must be [4, 7] but is [4, 8]");
        }
    }
}
