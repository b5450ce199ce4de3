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
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e7f})
    void quantizeRejectsValuesWithoutScale(float value) {
        for (BlockFormat format : new BlockFormat[] {BlockFormat.Q8_0, BlockFormat.Q4_0}) {
            INDArray weight = Nd4j.ones(DataType.FLOAT, 3, 64);
            weight.putScalar(2, 40, value);
            assertThatThrownBy(() -> BlockQuantizer.quantize("blk.0.ffn_up.weight", weight, format))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll("blk.0.ffn_up.weight", "row 2", format.name())
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void quantizeRejectsOtherFormats() {
        INDArray weight = Nd4j.ones(DataType.FLOAT, 1, 256);
        assertThatThrownBy(() -> BlockQuantizer.quantize("w", weight, BlockFormat.Q6_K))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
