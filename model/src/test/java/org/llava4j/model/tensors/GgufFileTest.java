package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.model.kernels.BlockFormat;
import org.llava4j.model.kernels.BlockMatrix;
import org.llava4j.testing.Damage;
import org.llava4j.testing.GgufBuilder;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class GgufFileTest {
    private static final int FUZZ_CASES = 2000;

    @TempDir
    private Path temp;

    private static GgufBuilder valid() {
        return new GgufBuilder()
                .text("general.architecture", "llama")
                .range("norm", 3)
                .tensor("blocks", GgufBuilder.Q4_0, new byte[2 * 2 * 18], 2, 64)
                .tensor("half", GgufBuilder.F16, new byte[] {0, 0x3c, 0, 0x40}, 2, 1);
    }

    private void assertRejected(GgufBuilder builder, String... parts) {
        Path file = builder.write(temp.resolve("model.gguf"));
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining(file.toString())
                .hasMessageNotContaining("\n");
    }

    /** Values as an independent reader of the format dequantizes them. */
    @ParameterizedTest
    @ValueSource(strings = {"model.gguf", "mmproj.gguf"})
    void valuesEqualThoseOfReference(String name) {
        JsonNode expected = Golden.json("k_gguf/dequantized.json");
        try (GgufFile file = GgufFile.open(Golden.path("k_gguf/" + name))) {
            assertThat(file.tensors()).hasSizeGreaterThanOrEqualTo(30);
            file.tensors().forEach((tensor, info) -> {
                JsonNode golden = expected.get(tensor);
                try (INDArray values = floats(file, info)) {
                    assertThat(values.shape()).as(tensor).isEqualTo(shape(golden.get("shape")));
                    assertThat(hash(values))
                            .as(tensor)
                            .isEqualTo(golden.get("sha256_of_float32_le").textValue());
                }
            });
        }
    }

    private static INDArray floats(GgufFile file, TensorInfo info) {
        if (info.type() != TensorType.U8) {
            return file.read(info.name());
        }
        try (INDArray blocks = file.read(info.name())) {
            return BlockMatrix.dequantize(blocks);
        }
    }

    private static long[] shape(JsonNode array) {
        return Arrays.stream(Golden.ints(array)).asLongStream().toArray();
    }

    private static String hash(INDArray values) {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) values.length() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values.dup('c').data().asFloat());
        return Sha256.of(bytes.array());
    }

    @Test
    void readReturnsBlocksAndFloats() {
        try (GgufFile file = GgufFile.open(valid().write(temp.resolve("model.gguf")))) {
            assertThat(file.tensors().get("blocks").shape()).containsExactly(2, 2, 18);
            assertThat(file.read("blocks").dataType()).isEqualTo(DataType.UBYTE);
            assertThat(file.read("norm").toFloatVector()).containsExactly(0, 1, 2);
            assertThat(file.read("half", DataType.HALF).dataType()).isEqualTo(DataType.HALF);
            assertThat(file.read("half").reshape(2).toFloatVector()).containsExactly(1, 2);
            assertThatThrownBy(() -> file.read("blocks", DataType.FLOAT)).isInstanceOf(BadInputException.class);
            assertThatThrownBy(() -> file.read("absent")).hasMessageContaining("absent");
        }
    }

    @Test
    void mapReturnsTheSameValues() {
        try (GgufFile file = GgufFile.open(Golden.path("k_gguf/model.gguf"))) {
            INDArray mapped = file.map("output.weight", DataType.UBYTE);
            assertThat(mapped).isEqualTo(file.read("output.weight"));
            assertThat(file.map("output_norm.weight", DataType.FLOAT)).isEqualTo(file.read("output_norm.weight"));
            assertThat(file.map("output_norm.weight", DataType.HALF)).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(BlockFormat.class)
    void typesHaveTheSizesOfBlockFormats(BlockFormat format) {
        GgmlType type = GgmlType.valueOf(format.name());
        assertThat(type.blockSize()).isEqualTo(format.blockSize());
        assertThat(type.typeSize()).isEqualTo(format.typeSize());
        assertThat(type.hasBlocks()).isTrue();
    }

    @Test
    void openRejectsUnsupportedTypes() {
        assertRejected(valid().tensor("small", 10, new byte[84], 1, 256), "\"small\"", "Q2_K", "Q4_K");
        assertRejected(valid().tensor("odd", 99, new byte[84], 1, 256), "\"odd\"", "number 99");
    }

    @Test
    void openRejectsBlocksThatAreNoMatrix() {
        assertRejected(valid().tensor("vector", GgufBuilder.Q8_0, new byte[34], 32), "\"vector\"", "Q8_0", "matrix");
        assertRejected(valid().tensor("part", GgufBuilder.Q4_K, new byte[144], 1, 100), "\"part\"", "blocks of 256");
    }

    @Test
    void openRejectsTensorsOutsideOfTheFileOrUponEachOther() throws IOException {
        assertRejected(valid().shiftedTensor("far", 1 << 20, new byte[4], 1), "\"far\"", "the file ends before");
        assertRejected(valid().shiftedTensor("upon", -32, new byte[4], 1), "\"upon\"", "overlaps");
        assertRejected(valid().shiftedTensor("odd", 4, new byte[4], 1), "\"odd\"", "alignment 32");
        assertRejected(valid().shiftedTensor("first", Long.MIN_VALUE, new byte[4], 1), "\"first\"", "outside the file");
        assertRejected(valid().tensor("large", GgufBuilder.F32, new byte[4], 1 << 20), "\"large\"", "truncated");
        byte[] content = valid().bytes();
        Path cut = Files.write(temp.resolve("cut.gguf"), Arrays.copyOf(content, content.length - 40));
        assertThatThrownBy(() -> GgufFile.open(cut)).hasMessageContainingAll("\"half\"", "truncated");
    }

    @Test
    void readNeverFailsOtherwise() throws IOException {
        byte[] valid = valid().bytes();
        Random random = new Random(12);
        int rejected = 0;
        for (int i = 0; i < FUZZ_CASES; i++) {
            Path path = Files.write(temp.resolve("damaged.gguf"), Damage.of(valid, random));
            try (GgufFile file = GgufFile.open(path)) {
                for (TensorInfo info : file.tensors().values()) {
                    assertThat(info.bytes()).isBetween(0L, Files.size(path));
                    floats(file, info).close();
                }
            } catch (BadInputException e) {
                rejected++;
                assertThat(e.getMessage()).contains(path.toString()).doesNotContain("\n");
            }
        }
        assertThat(rejected).isBetween(FUZZ_CASES / 4, FUZZ_CASES - 1);
    }
}
