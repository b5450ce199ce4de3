package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.memory.NativeArray;
import org.llava4j.model.tensors.SafetensorsFile;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares quantized blocks byte by byte with those of the Python package {@code gguf}. */
class BlockQuantizerTest {

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void quantizeEqualsGgufByteForByte(BlockFormat format) throws URISyntaxException {
        Path golden = Path.of(
                BlockQuantizerTest.class.getResource("quantized.safetensors").toURI());
        try (SafetensorsFile file = SafetensorsFile.open(golden)) {
            INDArray expected = file.read(format.name().toLowerCase(Locale.ROOT) + ".blocks");
            INDArray actual = BlockQuantizer.quantize("w", file.read("values"), format);
            assertThat(actual.shape()).isEqualTo(expected.shape());
            assertThat(bytes(actual)).isEqualTo(bytes(expected));
        }
    }

    private static byte[] bytes(INDArray array) {
        byte[] bytes = new byte[Math.toIntExact(array.length())];
        new NativeArray(array).read(0, bytes, bytes.length);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void quantizeRejectsNanAndInfiniteValues(float value) {
        assertRejected(value, BlockFormat.Q8_0, "damaged", "inspect --verify");
        assertRejected(value, BlockFormat.Q4_0, "damaged", "inspect --verify");
    }

    @ParameterizedTest
    @ValueSource(floats = {1, -1})
    void quantizeRejectsValuesTooLargeForScale(float sign) {
        assertRejected(sign * 1e7f, BlockFormat.Q8_0, "too large for Q8_0", "another layout", "--allow-overflow");
        assertRejected(sign * 1e7f, BlockFormat.Q4_0, "too large for Q4_0", "another layout", "--allow-overflow");
        assertRejected(sign * 1e6f, BlockFormat.Q4_0, "too large for Q4_0", "use --save-type q8_0");
        assertThat(BlockQuantizer.quantize("w", weight(sign * 1e6f), BlockFormat.Q8_0)
                        .shape())
                .containsExactly(3, 2, 34);
    }

    private static INDArray weight(float value) {
        return Nd4j.ones(DataType.FLOAT, 3, 64).putScalar(2, 40, value);
    }

    private static void assertRejected(float value, BlockFormat format, String... messages) {
        assertThatThrownBy(() -> BlockQuantizer.quantize("up_proj.weight", weight(value), format))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("up_proj.weight", "row 2")
                .hasMessageContainingAll(messages)
                .hasMessageNotContaining("\n");
    }

    @Test
    void quantizeRejectsOtherFormats() {
        INDArray weight = Nd4j.ones(DataType.FLOAT, 1, 256);
        assertThatThrownBy(() -> BlockQuantizer.quantize("w", weight, BlockFormat.Q6_K))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
