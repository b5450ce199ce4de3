package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares products of quantized weights with products of the dequantized weights in float32. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class QuantizedMatrixTest {
    private static final double TOLERANCE = 1e-6;
    private static final long SEED = 20261125;

    private final KernelThreadPool pool;
    private final Kernels kernels;
    private final Random random = new Random(SEED);
    private final ReferenceKernelCheck numbers = new ReferenceKernelCheck(null, SEED);

    QuantizedMatrixTest(Variant variant) {
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

    private static INDArray quantize(INDArray weight, QuantizedFormat format) {
        return QuantizedMatrix.quantize("w", weight, format);
    }

    private void checkLinear(QuantizedFormat format, int rows, int inputs, int outputs) {
        INDArray x = numbers.normal(rows, inputs);
        INDArray quantized = quantize(numbers.normal(outputs, inputs), format);
        INDArray bias = random.nextBoolean() ? numbers.normal(outputs) : null;
        INDArray residual = random.nextBoolean() ? numbers.normal(rows, outputs) : null;
        INDArray actual = Nd4j.valueArrayOf(new long[] {rows, outputs}, Double.NaN, DataType.FLOAT);
        INDArray expected = actual.dup();
        kernels.linear().forward(x, quantized, bias, residual, actual);
        INDArray multiplied = format == QuantizedFormat.Q4 ? RoundedActivations.round(x) : x;
        kernels.linear().forward(multiplied, QuantizedMatrix.dequantize(quantized), bias, residual, expected);
        assertThat(ReferenceKernelCheck.relativeError(actual, expected))
                .as(format + " linear of " + List.of(rows, inputs, outputs))
                .isLessThanOrEqualTo(TOLERANCE);
    }

    @ParameterizedTest
    @EnumSource
    void linearMatchesDequantizedWeight(QuantizedFormat format) {
        for (int i = 0; i < 40; i++) {
            int rows = i % 2 == 0 ? 1 + random.nextInt(8) : 9 + random.nextInt(200);
            checkLinear(format, rows, 32 * (1 + random.nextInt(20)), 1 + random.nextInt(300));
        }
        for (int[] p : new int[][] {{1, 1120, 1031}, {4, 5632, 600}, {9, 1024, 1030}, {700, 544, 520}}) {
            checkLinear(format, p[0], p[1], p[2]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void resultOfRowDoesNotDependOnOtherRows(QuantizedFormat format) {
        INDArray x = numbers.normal(60, 1056);
        INDArray quantized = quantize(numbers.normal(90, 1056), format);
        INDArray together = Nd4j.create(DataType.FLOAT, 60, 90);
        kernels.linear().forward(x, quantized, null, null, together);
        for (int r = 0; r < 60; r++) {
            INDArray alone = Nd4j.create(DataType.FLOAT, 1, 90);
            kernels.linear().forward(row(x, r), quantized, null, null, alone);
            assertThat(ReferenceKernelCheck.relativeError(alone, row(together, r)))
                    .isLessThanOrEqualTo(TOLERANCE);
        }
    }

    private static INDArray row(INDArray x, int row) {
        return x.getRow(row, true).dup('c');
    }

    @ParameterizedTest
    @EnumSource
    void notANumberPropagates(QuantizedFormat format) {
        INDArray quantized = quantize(numbers.normal(5, 64), format);
        for (int rows : new int[] {1, 20}) {
            for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                INDArray x = numbers.normal(rows, 64);
                x.putScalar(0, 40, value);
                INDArray y = Nd4j.create(DataType.FLOAT, rows, 5);
                kernels.linear().forward(x, quantized, null, null, y);
                assertThat(y.getFloat(0, 3)).isNotFinite();
                assertThat(y.getFloat(rows - 1, 3))
                        .satisfies(last -> assertThat(Float.isFinite(last)).isEqualTo(rows > 1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradInputMatchesDequantizedWeight(QuantizedFormat format) {
        for (int[] p : new int[][] {{3, 96, 70}, {130, 992, 40}, {40, 1312, 700}}) {
            INDArray dy = numbers.normal(p[0], p[2]);
            INDArray quantized = quantize(numbers.normal(p[2], p[1]), format);
            INDArray actual = Nd4j.create(DataType.FLOAT, p[0], p[1]);
            INDArray expected = Nd4j.create(DataType.FLOAT, p[0], p[1]);
            kernels.linear().gradInput(new INDArray[] {dy}, new INDArray[] {quantized}, actual);
            INDArray[] dequantized = {QuantizedMatrix.dequantize(quantized)};
            kernels.linear().gradInput(new INDArray[] {dy}, dequantized, expected);
            assertThat(ReferenceKernelCheck.relativeError(actual, expected)).isLessThanOrEqualTo(TOLERANCE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void quantizeRoundsToHalfStepPerGroup(QuantizedFormat format) {
        INDArray w = numbers.normal(50, 160);
        w.getRow(7).muli(1000);
        w.getRow(8).assign(0);
        INDArray quantized = quantize(w, format);
        assertThat(quantized.dataType()).isEqualTo(format.dataType());
        assertThat(QuantizedFormat.inputs(quantized)).isEqualTo(160);
        INDArray dequantized = QuantizedMatrix.dequantize(quantized);
        for (int n = 0; n < 50; n++) {
            float[] row = w.getRow(n).toFloatVector();
            float[] rounded = dequantized.getRow(n).toFloatVector();
            for (int group = 0; group < row.length; group += QuantizedFormat.GROUP) {
                float absMax = 0;
                for (int i = group; i < group + QuantizedFormat.GROUP; i++) {
                    absMax = Math.max(absMax, Math.abs(row[i]));
                }
                // The largest positive value of Q4 is 7 steps, so that the value 8 steps away is a whole step off.
                // That of Q8 is 123 steps at least.
                float step = format == QuantizedFormat.Q8 ? absMax / 123 * 0.5f : absMax / 8;
                // fp16 scales have a relative error of 2^-11.
                float tolerance = step * 1.001f + absMax / 2048;
                for (int i = group; i < group + QuantizedFormat.GROUP; i++) {
                    assertThat(Math.abs(row[i] - rounded[i])).isLessThanOrEqualTo(tolerance);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void searchedScalesHaveSmallerErrorThanLargestValues(QuantizedFormat format) {
        int columns = 1024 * QuantizedFormat.GROUP;
        float[] row = numbers.normal(1, columns).toFloatVector();
        Arrays.fill(row, 0, QuantizedFormat.GROUP, 0);
        float[] scales = scales(format, MathBackend.bestAvailable(), row);
        assertThat(scales).isEqualTo(scales(format, MathBackend.scalar(), row));
        assertThat(scales[0]).isZero();
        double searched = 0;
        double plain = 0;
        for (int n = 1; n < scales.length; n++) {
            float[] group = Arrays.copyOfRange(row, n * QuantizedFormat.GROUP, (n + 1) * QuantizedFormat.GROUP);
            searched += squaredError(group, scales[n], format);
            plain += squaredError(group, largest(group) / (format == QuantizedFormat.Q8 ? 127 : -8), format);
        }
        assertThat(searched / plain).isLessThan(0.9);
    }

    private static float[] scales(QuantizedFormat format, MathBackend math, float[] row) {
        return new ScaleSearch(format, math.quantized(), row.length).scales(row);
    }

    private static float largest(float[] group) {
        float largest = 0;
        for (float value : group) {
            largest = Math.abs(value) > Math.abs(largest) ? value : largest;
        }
        return largest;
    }

    private static double squaredError(float[] group, float scale, QuantizedFormat format) {
        double error = 0;
        for (float value : group) {
            double steps = Math.rint(value / scale);
            double rounded = scale * Math.max(format.min(), Math.min(format.max(), steps));
            // Q4 weights errors by the squares of the values.
            error += Math.pow(rounded - value, 2) * (format == QuantizedFormat.Q4 ? value * value : 1);
        }
        return error;
    }

    @ParameterizedTest
    @EnumSource
    void quantizingDequantizedWeightChangesNothing(QuantizedFormat format) {
        INDArray once = QuantizedMatrix.dequantize(quantize(numbers.normal(20, 416), format));
        assertThat(QuantizedMatrix.dequantize(quantize(once, format))).isEqualTo(once);
    }

    @ParameterizedTest
    @EnumSource
    void quantizeRejectsScaleBeyondFp16(QuantizedFormat format) {
        INDArray w = numbers.normal(3, 64);
        w.putScalar(1, 40, 1e8);
        assertThatThrownBy(() -> quantize(w, format))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("row 1")
                .hasMessageContaining("use bf16");
    }

    @ParameterizedTest
    @EnumSource
    void wordsHoldEveryValueBesideEveryOther(QuantizedFormat format) {
        int max = format == QuantizedFormat.Q8 ? 127 : 7;
        int min = format == QuantizedFormat.Q8 ? -127 : -8;
        int count = Integer.SIZE / format.bits();
        for (int value = min; value <= max; value++) {
            for (int other : new int[] {min, -1, 0, 1, max}) {
                for (int column = 0; column < count; column++) {
                    int word = format.term(value, column);
                    for (int i = 1; i < count; i++) {
                        word += format.term(other, column + i);
                    }
                    assertThat(format.value(word, column)).isEqualTo(value);
                    assertThat(format.value(word, (column + 1) % count)).isEqualTo(other);
                }
            }
        }
    }

    @Test
    void rowLengthDeterminesInputWidth() {
        for (QuantizedFormat format : QuantizedFormat.values()) {
            for (int k = 32; k < 2000; k += 32) {
                INDArray array = Nd4j.create(format.dataType(), 1, format.rowBytes(k));
                assertThat(QuantizedFormat.inputs(array)).isEqualTo(k);
            }
        }
        assertThat(QuantizedFormat.Q8.rowBytes(2048)).isEqualTo(2048 * 17 / 16);
        assertThat(QuantizedFormat.Q4.rowBytes(13824)).isEqualTo(13824 * 9 / 16 + 32);
        assertThat(QuantizedFormat.Q4.rowBytes(4096)).isEqualTo(4096 * 9 / 16);
    }

    @Test
    void canQuantizeNeedsRowsOfWholeGroups() {
        assertThat(QuantizedFormat.canQuantize(3, 64)).isTrue();
        assertThat(QuantizedFormat.canQuantize(3, 172)).isFalse();
        assertThat(QuantizedFormat.canQuantize(3, 32, 2, 2)).isFalse();
    }
}
