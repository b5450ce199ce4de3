package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    @Test
    void readReturnsEveryType() throws IOException {
        assertReads("F32", "[2,2]", "0000803f000000c00000004000004040", Nd4j.createFromArray(new float[][] {
            {1, -2}, {2, 3}
        }));
        assertReads("F64", "[1]", "000000000000f83f", Nd4j.createFromArray(1.5));
        assertReads("F16", "[3]", "003c00c0ff7b", Nd4j.createFromArray(1f, -2f, 65504f));
        assertReads("BF16", "[2]", "803f40c0", Nd4j.createFromArray(1f, -3f));
        assertReads("I64", "[1]", "38ffffffffffffff", Nd4j.createFromArray(-200L));
        assertReads("I32", "[2]", "9cffffff01000000", Nd4j.createFromArray(-100, 1));
        assertReads("I16", "[1]", "feff", Nd4j.createFromArray((short) -2));
        assertReads("I8", "[2]", "ff7f", Nd4j.createFromArray((byte) -1, (byte) 127));
        assertReads("U8", "[2]", "ff00", Nd4j.createFromArray(255, 0).castTo(DataType.UINT8));
        assertReads("BOOL", "[3]", "010001", Nd4j.createFromArray(true, false, true));
    }

    private void assertReads(String type, String shape, String hex, INDArray expected) throws IOException {
        byte[] data = HexFormat.of().parseHex(hex);
        try (SafetensorsFile file = SafetensorsFile.open(file(entry("x", type, shape, 0, data.length), data))) {
            INDArray read = file.read("x");
            assertThat(read.dataType()).isEqualTo(expected.dataType());
            assertThat(read.shape()).isEqualTo(expected.shape());
            assertThat(read.ordering()).isEqualTo('c');
            assertThat(read).as(type).isEqualTo(expected);
        }
    }

    @Test
    void readReturnsScalarAndEmptyTensor() throws IOException {
        String header = entry("scalar", "F32", "[]", 0, 4) + "," + entry("empty", "F32", "[0,3]", 0, 0);
        try (SafetensorsFile file =
                SafetensorsFile.open(file(header, HexFormat.of().parseHex("0000803f")))) {
            assertThat(file.read("scalar").rank()).isZero();
            assertThat(file.read("scalar").getFloat(0)).isEqualTo(1f);
            assertThat(file.read("empty").shape()).containsExactly(0, 3);
            assertThat(file.read("empty").isEmpty()).isTrue();
        }
    }

    @Test
    void readRejectsTooManyAxes() throws IOException {
        try (SafetensorsFile file =
                SafetensorsFile.open(file(entry("empty", "F32", "[1099511627776,0]", 0, 0), new byte[0]))) {
            assertThat(file.read("empty").shape()).containsExactly(1L << 40, 0);
        }
        String ones = "[1" + ",1".repeat(32) + "]";
        try (SafetensorsFile file = SafetensorsFile.open(file(entry("x", "F32", ones, 0, 4), new byte[4]))) {
            assertThatThrownBy(() -> file.read("x"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("33 axes");
        }
    }

    @Test
    void readReturnsTensorOfSeveralChunks() throws IOException {
        int length = 700_001;
        ByteBuffer data = ByteBuffer.allocate(length * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            data.putShort(HalfFloats.floatToBf16(i % 251));
        }
        Path path = file(entry("x", "BF16", "[" + length + "]", 0, length * 2L), data.array());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            float[] values = file.read("x").toFloatVector();
            for (int i = 0; i < length; i++) {
                assertThat(values[i]).isEqualTo(i % 251);
            }
        }
    }

    @Test
    void tensorsListGoldenFiles() {
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("b_llama/model.safetensors"))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.tensors().get("model.embed_tokens.weight"))
                    .hasToString("model.embed_tokens.weight F32[320, 64]");
            assertThat(file.tensors().firstKey()).isEqualTo("lm_head.weight");
        }
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("d_preproc/rgb_64x48.safetensors"))) {
            assertThat(file.read("rgb").dataType()).isEqualTo(DataType.UINT8);
            assertThat(file.read("rgb").shape()).containsExactly(48, 64, 3);
        }
    }

    @Test
    void readReturnsEveryGoldenTensor() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(Golden.path("."))) {
            files = all.filter(path -> path.toString().endsWith(".safetensors")).toList();
        }
        assertThat(files).hasSizeGreaterThan(30);
        for (Path path : files) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (TensorInfo info : file.tensors().values()) {
                    INDArray read = file.read(info.name());
                    assertThat(read.shape()).isEqualTo(info.shape());
                    read.close();
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            shape contradicts offsets | "x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]} | with 12 bytes
            a negative axis | "x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]} | non-negative integer
            a fractional axis | "x":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]} | non-negative integer
            an axis past 64 bits | "x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]} | non-negative integer
            a product past 64 bits | "x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]} | overflows 64 bits
            offsets in reverse | "x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]} | ascending order
            one offset | "x":{"dtype":"F32","shape":[2],"data_offsets":[8]} | two data_offsets
            an unknown type | "x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]} | F8_E4M3
            a type that is a number | "x":{"dtype":32,"shape":[2],"data_offsets":[0,8]} | dtype 32
            a missing key | "x":{"dtype":"F32","shape":[2]} | exactly dtype, shape and data_offsets
            an extra key | "x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"sha":1} | exactly dtype
            entry is not an object | "x":7 | exactly dtype
            shape is not a list | "x":{"dtype":"F32","shape":2,"data_offsets":[0,8]} | not a list
            the same name twice | "x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]} | not valid JSON
            the same key twice | "x":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]} | not valid JSON
            trailing bytes | "x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]} | 4 trailing bytes
            gap before a tensor | "x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]} | gap of 4 bytes
            overlapping tensors | "x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]} | overlaps
            truncated data | "x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]} | truncated
            metadata is not a string | "__metadata__":{"format":1} | __metadata__
            metadata that is a list | "__metadata__":[] | __metadata__
            a broken object | "x":{ | not valid JSON
            """, quoteCharacter = '\u0000')
    void openRejectsDamagedHeader(String what, String header, String reason) throws IOException {
        Path path = file(header, new byte[8]);
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .as(what)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(reason);
    }

    @Test
    void openRejectsImpossibleHeaderLength() throws IOException {
        assertRejects("ff ff ff ff ff ff ff 7f", "declares a header of 9223372036854775807 bytes");
        assertRejects("ff ff ff ff ff ff ff ff", "declares a header of 18446744073709551615 bytes");
        assertRejects("01 00 00 00 00 00 00 00", "declares a header of 1 bytes but has only 0");
        assertRejects("01 00", "too short");
        assertRejects("", "is empty");
    }

    @Test
    void openRejectsHeaderBeyondLimit() throws IOException {
        Path path = folder.resolve("sparse.safetensors");
        try (var channel = Files.newByteChannel(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(100_000_001)
                    .flip());
            channel.position(100_000_100);
            channel.write(ByteBuffer.allocate(1));
        }
        assertThatThrownBy(() -> SafetensorsFile.open(path)).hasMessageContaining("the format allows 100000000");
    }

    @Test
    void openRejectsHeaderThatIsNotJsonObject() throws IOException {
        assertRejects("02 00 00 00 00 00 00 00 5b 5d", "not a JSON object");
        assertRejects("02 00 00 00 00 00 00 00 20 20", "not valid JSON");
        assertRejects("02 00 00 00 00 00 00 00 ff fe", "not UTF-8");
        assertRejects("04 00 00 00 00 00 00 00 7b 7d 7b 7d", "not valid JSON");
    }

    private void assertRejects(String hex, String reason) throws IOException {
        Path path = folder.resolve("bytes.safetensors");
        Files.write(path, HexFormat.of().parseHex(hex.replace(" ", "")));
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void readRejectsInvalidBoolean() throws IOException {
        Path path = file(entry("mask", "BOOL", "[2]", 0, 2), new byte[] {1, 2});
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThatThrownBy(() -> file.read("mask"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("mask");
        }
    }

    @Test
    void readRejectsShrunkFile() throws IOException {
        Path path = file(entry("x", "F32", "[2]", 0, 8), new byte[8]);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            try (var channel = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
                channel.truncate(Files.size(path) - 2);
            }
            assertThatThrownBy(() -> file.read("x"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("ends at");
        }
    }

    @Test
    void readRejectsMissingFileOrTensor() throws IOException {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none.safetensors")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(file(entry("x", "U8", "[1]", 0, 1), new byte[1]))) {
            assertThatThrownBy(() -> file.read("y"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("\"y\"");
        }
    }

    private static String entry(String name, String type, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, type, shape, begin, end);
    }

    private Path file(String entries, byte[] data) throws IOException {
        byte[] header = ("{" + entries + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(header.length).put(header).put(data);
        return Files.write(Files.createTempFile(folder, "case", ".safetensors"), all.array());
    }
}
