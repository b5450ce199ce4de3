package org.llava4j.data.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.Damage;
import org.llava4j.testing.GgufBuilder;
import org.llava4j.testing.Golden;

class GgufHeaderTest {
    private static final int FUZZ_CASES = 2000;

    @TempDir
    private Path temp;

    private Path file() {
        return temp.resolve("model.gguf");
    }

    private static GgufBuilder valid() {
        return new GgufBuilder()
                .text("general.architecture", "llama")
                .integer("count", 7)
                .decimal("rate", 0.5f)
                .bool("flag", true)
                .texts("names", List.of("a", "", "ü"))
                .integers("numbers", 1, -2)
                .decimals("floats", 1.5f)
                .range("one", 2, 3)
                .range("two", 5);
    }

    private static byte[] array(int elementType, long count) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(9)
                .putInt(elementType)
                .putLong(count)
                .array();
    }

    private void assertRejected(byte[] content, String... parts) throws IOException {
        Files.write(file(), content);
        assertThatThrownBy(() -> GgufHeader.read(file()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining(file().toString())
                .hasMessageNotContaining("\n");
    }

    @Test
    void readReturnsTypedMetadataAndTensors() {
        for (int version : new int[] {2, 3}) {
            GgufHeader header = GgufHeader.read(valid().version(version).write(file()));
            GgufMetadata metadata = header.metadata();
            assertThat(metadata.text("general.architecture")).isEqualTo("llama");
            assertThat(metadata.integer("count")).isEqualTo(7);
            assertThat(metadata.decimal("rate")).isEqualTo(0.5);
            assertThat(metadata.bool("flag", false)).isTrue();
            assertThat(metadata.texts("names")).containsExactly("a", "", "ü");
            assertThat(metadata.integers("numbers")).containsExactly(1L, -2L);
            assertThat(metadata.decimals("floats")).containsExactly(1.5);
            assertThat(metadata.integer("absent", 3)).isEqualTo(3);
            assertThat(header.tensors()).extracting(GgufTensor::name).containsExactly("one", "two");
            assertThat(header.tensors().get(0).shape()).containsExactly(2, 3);
            assertThat(header.dataStart() % header.alignment()).isZero();
        }
    }

    @Test
    void metadataRejectsMissingAndMistypedKeys() {
        GgufMetadata metadata = GgufHeader.read(valid().write(file())).metadata();
        assertThatThrownBy(() -> metadata.text("absent")).hasMessageContainingAll("absent", "is missing");
        assertThatThrownBy(() -> metadata.text("count")).hasMessageContainingAll("count", "a string", "7");
        assertThatThrownBy(() -> metadata.integer("rate")).hasMessageContainingAll("rate", "an integer");
        assertThatThrownBy(() -> metadata.texts("numbers")).hasMessageContainingAll("numbers", "strings");
        assertThatThrownBy(() -> metadata.integer("names")).hasMessageContaining("an array of 3");
    }

    @Test
    void isGgufTellsFilesByTheirContent() throws IOException {
        assertThat(GgufHeader.isGguf(valid().write(file()))).isTrue();
        assertThat(GgufHeader.isGguf(temp)).isFalse();
        assertThat(GgufHeader.isGguf(temp.resolve("absent.gguf"))).isFalse();
        assertThat(GgufHeader.isGguf(Files.writeString(temp.resolve("x.gguf"), "GGU")))
                .isFalse();
    }

    @Test
    void readRejectsOtherVersionsAndByteOrder() throws IOException {
        assertRejected(valid().version(1).bytes(), "version 1", "2 and 3");
        assertRejected(valid().version(4).bytes(), "version 4");
        assertRejected(valid().version(3 << 24).bytes(), "big-endian");
        assertRejected("GGML1234".getBytes(StandardCharsets.US_ASCII), "is not a GGUF file");
        assertRejected(new byte[0], "is empty");
    }

    @Test
    void readRejectsCountsBeyondTheFile() throws IOException {
        byte[] content = valid().bytes();
        for (int at : new int[] {8, 16}) {
            byte[] many = content.clone();
            Arrays.fill(many, at, at + 7, (byte) 0xff);
            assertRejected(many, "number of", "bytes are left");
        }
        byte[] longKey = content.clone();
        longKey[30] = 1; // the length of the first key is 2^48 longer
        assertRejected(longKey, "name of key 0", "bytes are left");
        assertRejected(valid().raw("big", array(6, 1L << 40)).bytes(), "\"big\"", "bytes are left");
        assertRejected(valid().raw("big", array(6, -1)).bytes(), "\"big\"");
    }

    @Test
    void readRejectsArraysOfArraysAndUnknownTypes() throws IOException {
        assertRejected(valid().raw("nested", array(9, 0)).bytes(), "\"nested\"", "array of arrays");
        assertRejected(
                valid().raw("odd", (byte) 77, (byte) 0, (byte) 0, (byte) 0).bytes(), "\"odd\"", "unknown type 77");
        assertRejected(
                valid().raw("flag", (byte) 7, (byte) 0, (byte) 0, (byte) 0, (byte) 2)
                        .bytes(),
                "\"flag\"",
                "0 nor 1");
    }

    @Test
    void readRejectsDuplicates() throws IOException {
        byte[] content = valid().bytes();
        String text = new String(content, StandardCharsets.ISO_8859_1);
        content[text.indexOf("count")] = 'f';
        System.arraycopy("flag".getBytes(StandardCharsets.US_ASCII), 0, content, text.indexOf("rate"), 4);
        assertRejected(content, "\"flag\" exists twice");
        assertRejected(valid().range("one", 2).bytes(), "tensor \"one\" exists twice");
    }

    @Test
    void readRejectsInvalidShapesAndAlignment() throws IOException {
        assertRejected(valid().tensor("five", 0, new byte[4], 1, 1, 1, 1, 1).bytes(), "\"five\"", "5 axes");
        assertRejected(valid().tensor("none", 0, new byte[0], 0).bytes(), "\"none\"", "0 elements");
        assertRejected(
                valid().tensor("huge", 0, new byte[4], 1L << 40, 1L << 40).bytes(), "\"huge\"", "64 bits can count");
        assertRejected(valid().integer("general.alignment", 24).bytes(), "general.alignment", "power of two");
        assertRejected(valid().range("", 2).bytes(), "0 characters");
    }

    @Test
    void readRejectsStringsThatAreNotUtf8() throws IOException {
        byte[] content = valid().bytes();
        content[new String(content, StandardCharsets.ISO_8859_1).indexOf("llama")] = (byte) 0xff;
        assertRejected(content, "general.architecture", "not UTF-8");
    }

    @Test
    void readRejectsEveryTruncation() throws IOException {
        byte[] content = valid().bytes();
        int headerBytes = (int) GgufHeader.read(valid().write(file())).dataStart() - 31;
        for (int length = 1; length < headerBytes; length++) {
            Files.write(file(), Arrays.copyOf(content, length));
            assertThatThrownBy(() -> GgufHeader.read(file())).isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void readNeverFailsOtherwise() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path("k_gguf/model.gguf"));
        byte[] valid = Arrays.copyOf(
                whole, (int) GgufHeader.read(Golden.path("k_gguf/model.gguf")).dataStart());
        byte[] small = valid().bytes();
        Random random = new Random(11);
        int rejected = 0;
        for (int i = 0; i < FUZZ_CASES; i++) {
            Files.write(file(), Damage.of(i % 8 == 0 ? valid : small, random));
            try {
                GgufHeader.read(file());
            } catch (BadInputException e) {
                rejected++;
                assertThat(e.getMessage()).contains(file().toString()).doesNotContain("\n");
            }
        }
        assertThat(rejected).isBetween(FUZZ_CASES / 4, FUZZ_CASES - 1);
    }

    /** The header is cached only while the file is the same, whatever its time of modification. */
    @Test
    void readSeesEachNewContentOfAFile() throws IOException {
        for (int i = 0; i < 20; i++) {
            assertThat(GgufHeader.read(valid().integer("round", i).write(file()))
                            .metadata()
                            .integer("round"))
                    .isEqualTo(i);
        }
        FileTime old = FileTime.from(Instant.now().minusSeconds(60));
        Files.setLastModifiedTime(file(), old);
        GgufHeader cached = GgufHeader.read(file());
        assertThat(GgufHeader.read(file())).isSameAs(cached);
        valid().integer("round", 99).write(file());
        assertThat(GgufHeader.read(file()).metadata().integer("round")).isEqualTo(99);
        Files.setLastModifiedTime(file(), FileTime.from(old.toInstant().plusMillis(1)));
        assertThat(GgufHeader.read(file()).metadata().integer("round")).isEqualTo(99);
    }
}
