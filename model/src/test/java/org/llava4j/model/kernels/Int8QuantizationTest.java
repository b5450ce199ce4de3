package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares products of int8-quantized weights with products of the dequantized weights in float32. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class Int8QuantizationTest {
    private static final double TOLERANCE = 1e-6;
    private static final long SEED = 20261125;

    private final KernelThreadPool pool;
    private final Kernels kernels;
    private final Random random = new Random(SEED);
    private final ReferenceKernelCheck numbers = new ReferenceKernelCheck(null, SEED);

    Int8QuantizationTest(Variant variant) {
        pool = new KernelThreadPool(variant.threads());
        Kernels reference = Nd4jKernels.create();
        kernels = variant.math() == null ? reference : CpuKernels.create(reference, variant.math(), pool);
    }

    /**
     * Kernels under test.
     *
     * @param math null for the reference kernels
     */
    record Variant(MathBackend math, int threads) {
        @Override
        public String toString() {
            return math == null ? "nd4j" : math.name() + ", " + threads + " threads";
        }
    }

    static Stream<Variant> variants() {
        Nd4j.getBackend(); // sets its own number of BLAS threads when it starts
        return Stream.of(
                new Variant(null, 1),
                new Variant(MathBackend.scalar(), 1),
                new Variant(MathBackend.bestAvailable(), 1),
                new Variant(MathBackend.bestAvailable(), 3));
    }

    @AfterEach
    void closePool() {
        pool.close();
    }

    private void checkLinear(int rows, int inputs, int outputs) {
        INDArray x = numbers.normal(rows, inputs);
        INDArray quantized = Int8Quantization.quantize(numbers.normal(outputs, inputs));
        assertThat(quantized.dataType()).isEqualTo(DataType.BYTE);
        INDArray bias = random.nextBoolean() ? numbers.normal(outputs) : null;
        INDArray residual = random.nextBoolean() ? numbers.normal(rows, outputs) : null;
        INDArray actual = Nd4j.valueArrayOf(new long[] {rows, outputs}, Double.NaN, DataType.FLOAT);
        INDArray expected = actual.dup();
        kernels.linear().forward(x, quantized, bias, residual, actual);
        kernels.linear().forward(x, Int8Quantization.dequantize(quantized), bias, residual, expected);
        assertThat(ReferenceKernelCheck.relativeError(actual, expected))
                .as("linear of " + List.of(rows, inputs, outputs))
                .isLessThanOrEqualTo(TOLERANCE);
    }

    @Test
    void linearMatchesDequantizedWeight() {
        for (int i = 0; i < 40; i++) {
            int rows = i % 2 == 0 ? 1 + random.nextInt(8) : 9 + random.nextInt(200);
            checkLinear(rows, 4 * (1 + random.nextInt(80)), 1 + random.nextInt(300));
        }
        for (int[] p : new int[][] {{1, 1100, 1031}, {4, 1028, 600}, {9, 1024, 1030}, {700, 516, 520}}) {
            checkLinear(p[0], p[1], p[2]);
        }
    }

    @Test
    void quantizeRoundsToHalfStepPerChannel() {
        INDArray w = numbers.normal(50, 64);
        w.getRow(7).muli(1000);
        w.getRow(8).assign(0);
        INDArray dequantized = Int8Quantization.dequantize(Int8Quantization.quantize(w));
        for (int n = 0; n < 50; n++) {
            float[] row = w.getRow(n).toFloatVector();
            float[] rounded = dequantized.getRow(n).toFloatVector();
            float absMax = 0;
            for (float value : row) {
                absMax = Math.max(absMax, Math.abs(value));
            }
            for (int i = 0; i < row.length; i++) {
                assertThat(Math.abs(row[i] - rounded[i])).isLessThanOrEqualTo(absMax / 127 * 0.5001f);
            }
        }
    }

    @Test
    void quantizeReturnsUnsupportedWeightUnchanged() {
        INDArray odd = numbers.normal(3, 7);
        assertThat(Int8Quantization.quantize(odd)).isSameAs(odd);
        assertThat(Int8Quantization.canQuantize(3, 8)).isTrue();
        assertThat(Int8Quantization.canQuantize(3, 4, 2, 2)).isFalse();
    }
}
