package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares products of weights in block formats with products of the dequantized weights in float32. */
@ParameterizedClass(name = "{0}")
@MethodSource("org.llava4j.model.kernels.QuantizedMatrixTest#variants")
class BlockMatrixTest {
    private static final double TOLERANCE = 1e-6;
    private static final long SEED = 20261129;

    private final KernelThreadPool pool;
    private final Kernels kernels;
    private final Random random = new Random(SEED);
    private final ReferenceKernelCheck numbers = new ReferenceKernelCheck(null, SEED);

    BlockMatrixTest(QuantizedMatrixTest.Variant variant) {
        pool = new KernelThreadPool(variant.threads());
        Kernels reference = Nd4jKernels.create();
        kernels = variant.math() == null ? reference : CpuKernels.create(reference, variant.math(), pool);
    }

    @AfterEach
    void closePool() {
        pool.close();
    }

    /** Random blocks whose fp16 numbers are between -0.02 and 0.02, a few of them 0. */
    private INDArray blocks(BlockFormat format, int rows, int columns) {
        INDArray weight = Nd4j.createUninitialized(DataType.UBYTE, format.shape(rows, columns), 'c');
        byte[] bytes = new byte[(int) weight.length()];
        random.nextBytes(bytes);
        for (int block = 0; block < bytes.length; block += format.typeSize()) {
            for (int i = 0; i < format.halfCount(); i++) {
                float scale = random.nextInt(10) == 0 ? 0 : 0.04f * random.nextFloat() - 0.02f;
                short half = HalfFloats.floatToF16(scale);
                bytes[block + format.half(i)] = (byte) half;
                bytes[block + format.half(i) + 1] = (byte) (half >> Byte.SIZE);
            }
        }
        new NativeArray(weight).write(bytes, 0, bytes.length);
        return weight;
    }

    private void checkLinear(BlockFormat format, int rows, int inputs, int outputs) {
        INDArray x = numbers.normal(rows, inputs);
        INDArray weight = blocks(format, outputs, inputs);
        INDArray bias = random.nextBoolean() ? numbers.normal(outputs) : null;
        INDArray residual = random.nextBoolean() ? numbers.normal(rows, outputs) : null;
        INDArray actual = Nd4j.valueArrayOf(new long[] {rows, outputs}, Double.NaN, DataType.FLOAT);
        INDArray expected = actual.dup();
        kernels.linear().forward(x, weight, bias, residual, actual);
        kernels.linear().forward(x, BlockMatrix.dequantize(weight), bias, residual, expected);
        assertThat(ReferenceKernelCheck.relativeError(actual, expected))
                .as(format + " linear of " + List.of(rows, inputs, outputs))
                .isLessThanOrEqualTo(TOLERANCE);
    }

    @ParameterizedTest
    @EnumSource
    void linearMatchesDequantizedWeight(BlockFormat format) {
        for (int i = 0; i < 30; i++) {
            int rows = i % 2 == 0 ? 1 + random.nextInt(8) : 9 + random.nextInt(100);
            int blocks = 1 + random.nextInt(1024 / format.blockSize());
            checkLinear(format, rows, blocks * format.blockSize(), 1 + random.nextInt(300));
        }
        for (int[] p : new int[][] {{1, 5632, 1031}, {4, 11008, 301}, {9, 1024, 1030}, {400, 768, 520}}) {
            checkLinear(format, p[0], p[1], p[2]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void forwardEachMatchesForwardOfEachWeight(BlockFormat format) {
        INDArray x = numbers.normal(3, 512);
        INDArray[] ws = {
            blocks(format, 70, 512),
            QuantizedMatrix.quantize("w", numbers.normal(33, 512), QuantizedFormat.Q4),
            numbers.normal(40, 512),
            blocks(BlockFormat.Q6_K, 31, 512)
        };
        INDArray[] actual = new INDArray[ws.length];
        for (int i = 0; i < ws.length; i++) {
            actual[i] = Nd4j.create(DataType.FLOAT, 3, ws[i].size(0));
        }
        kernels.linear().forwardEach(x, ws, actual);
        for (int i = 0; i < ws.length; i++) {
            INDArray expected = Nd4j.create(DataType.FLOAT, actual[i].shape());
            kernels.linear().forward(x, ws[i], null, null, expected);
            assertThat(ReferenceKernelCheck.relativeError(actual[i], expected)).isLessThanOrEqualTo(TOLERANCE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void gradInputMatchesDequantizedWeight(BlockFormat format) {
        for (int[] p : new int[][] {{3, 256, 70}, {130, 1024, 40}, {40, 1280, 700}}) {
            INDArray dy = numbers.normal(p[0], p[2]);
            INDArray weight = blocks(format, p[2], p[1]);
            INDArray actual = Nd4j.create(DataType.FLOAT, p[0], p[1]);
            INDArray expected = Nd4j.create(DataType.FLOAT, p[0], p[1]);
            kernels.linear().gradInput(new INDArray[] {dy}, new INDArray[] {weight}, actual);
            kernels.linear().gradInput(new INDArray[] {dy}, new INDArray[] {BlockMatrix.dequantize(weight)}, expected);
            assertThat(ReferenceKernelCheck.relativeError(actual, expected)).isLessThanOrEqualTo(TOLERANCE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void embeddingLooksUpDequantizedRows(BlockFormat format) {
        INDArray table = blocks(format, 50, 768);
        INDArray ids = ReferenceKernelCheck.ints(7, 0, 49, 7);
        INDArray y = Nd4j.create(DataType.FLOAT, 4, 768);
        kernels.rows().embedding(ids, table, y);
        INDArray values = BlockMatrix.dequantize(table);
        for (int i = 0; i < 4; i++) {
            assertThat(y.getRow(i)).isEqualTo(values.getRow(ids.getInt(i)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void infiniteScaleIsNotHidden(BlockFormat format) {
        INDArray weight = blocks(format, 3, 512);
        byte[] infinity = {0, 0x7c};
        new NativeArray(weight).write(infinity, weight.stride(0) + format.half(0), infinity.length);
        INDArray y = Nd4j.create(DataType.FLOAT, 1, 3);
        kernels.linear().forward(numbers.normal(1, 512), weight, null, null, y);
        assertThat(y.getFloat(0, 0)).isFinite();
        assertThat(Float.isFinite(y.getFloat(0, 1))).isFalse();
        assertThat(y.getFloat(0, 2)).isFinite();
    }
}
