package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.HalfFloats;
import org.llava4j.model.tensors.SafetensorsFile;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares dequantized blocks bit by bit with those of the Python package {@code gguf}. */
class BlockFormatTest {

    @ParameterizedTest
    @EnumSource
    void dequantizeEqualsGgufBitForBit(BlockFormat format) throws Exception {
        try (SafetensorsFile file = golden()) {
            INDArray blocks = file.read(tensor(format, "blocks"));
            assertThat(BlockFormat.of(blocks)).isEqualTo(format);
            int[] expected = bits(file.read(tensor(format, "values")));
            assertThat(bits(BlockMatrix.dequantize(blocks))).isEqualTo(expected);
            for (MathBackend math : new MathBackend[] {MathBackend.scalar(), MathBackend.bestAvailable()}) {
                assertThat(rows(blocks, math)).as(math.name()).isEqualTo(expected);
            }
        }
    }

    private static SafetensorsFile golden() throws URISyntaxException {
        return SafetensorsFile.open(
                Path.of(BlockFormatTest.class.getResource("blocks.safetensors").toURI()));
    }

    private static String tensor(BlockFormat format, String part) {
        return format.name().toLowerCase(Locale.ROOT) + "." + part;
    }

    private static int[] bits(INDArray floats) {
        int[] bits = new int[Math.toIntExact(floats.length())];
        new NativeArray(floats).read(0, bits, bits.length);
        return bits;
    }

    private static int[] rows(INDArray blocks, MathBackend math) {
        BlockMatrix matrix = BlockMatrix.of(blocks);
        int[] bits = new int[matrix.rows() * matrix.columns()];
        float[] row = new float[matrix.columns()];
        for (int n = 0; n < matrix.rows(); n++) {
            matrix.dequantize(math, n, 0, row.length, row);
            for (int i = 0; i < row.length; i++) {
                bits[n * row.length + i] = Float.floatToRawIntBits(row[i]);
            }
        }
        return bits;
    }

    @ParameterizedTest
    @EnumSource
    void dequantizeReadsAnyColumns(BlockFormat format) throws Exception {
        try (SafetensorsFile file = golden()) {
            BlockMatrix matrix = BlockMatrix.of(file.read(tensor(format, "blocks")));
            float[] values = file.read(tensor(format, "values")).getRow(1).toFloatVector();
            for (int[] part : new int[][] {{0, 1}, {31, 2}, {256, 256}, {250, 300}, {767, 1}}) {
                float[] actual = new float[part[1]];
                float[] expected = new float[part[1]];
                matrix.dequantize(MathBackend.bestAvailable(), 1, part[0], part[1], actual);
                System.arraycopy(values, part[0], expected, 0, part[1]);
                assertThat(actual).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void problemNamesFirstScaleThatIsNotFinite(BlockFormat format) throws Exception {
        try (SafetensorsFile file = golden()) {
            INDArray blocks = file.read(tensor(format, "blocks"));
            assertThat(BlockMatrix.problem(blocks)).isNull();
            for (int i = 0; i < format.halfCount(); i++) {
                INDArray damaged = blocks.dup();
                long block = damaged.size(1) * 2 + 1;
                new NativeArray(damaged).write(infinity(), block * format.typeSize() + format.half(i), Short.BYTES);
                assertThat(BlockMatrix.problem(damaged)).isEqualTo("row 2, block 1 has the scale -Infinity");
            }
        }
    }

    private static byte[] infinity() {
        short half = HalfFloats.floatToF16(Float.NEGATIVE_INFINITY);
        return new byte[] {(byte) half, (byte) (half >> Byte.SIZE)};
    }

    @Test
    void typeSizeDeterminesFormat() {
        for (BlockFormat format : BlockFormat.values()) {
            INDArray weight = Nd4j.create(DataType.UBYTE, format.shape(3, 512));
            assertThat(BlockFormat.of(weight)).isEqualTo(format);
            assertThat(QuantizedFormat.inputs(weight)).isEqualTo(512);
            assertThat(QuantizedFormat.length(weight)).isEqualTo(3 * 512);
        }
        assertThat(BlockFormat.isBlocks(Nd4j.create(DataType.UBYTE, 3, 2, 19))).isFalse();
        assertThat(BlockFormat.isBlocks(Nd4j.create(DataType.UBYTE, 3, 18))).isFalse();
        assertThat(BlockFormat.isBlocks(Nd4j.create(DataType.BYTE, 3, 2, 18))).isFalse();
    }
}
