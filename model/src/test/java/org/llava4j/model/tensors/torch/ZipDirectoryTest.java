package org.llava4j.model.tensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class ZipDirectoryTest {
    private static final int CENTRAL = 46;

    @TempDir
    Path folder;

    private byte[] valid;
    private ByteBuffer zip;
    /** Offsets of the end record and of the two directory entries. */
    private int end;

    private int first;
    private int second;

    @BeforeEach
    void twoEntries() {
        valid = new TorchZip()
                .with("root/a", "aaaa")
                .with("root/bb", "bbbbbbbb")
                .bytes();
        zip = ByteBuffer.wrap(valid).order(ByteOrder.LITTLE_ENDIAN);
        end = valid.length - 22;
        first = zip.getInt(end + 16);
        second = first + CENTRAL + 6;
    }

    @Test
    void readReturnsEntries() throws IOException {
        Map<String, ZipEntry> entries = read(valid);
        assertThat(entries.keySet()).containsExactlyInAnyOrder("root/a", "root/bb");
        ZipEntry b = entries.get("root/bb");
        assertThat(new String(valid, (int) b.start(), (int) b.size(), StandardCharsets.US_ASCII))
                .isEqualTo("bbbbbbbb");
    }

    @Test
    void readRejectsTruncatedZip() {
        for (int length = 0; length < valid.length; length++) {
            byte[] cut = Arrays.copyOf(valid, length);
            assertThat(catchThrowable(() -> read(cut)))
                    .as("cut at byte %d", length)
                    .isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void readRejectsCompressedEntry() {
        byte[] bomb = new TorchZip()
                .with("root/data.pkl", new byte[10_000_000])
                .compressed()
                .bytes();
        assertThat(bomb.length).isLessThan(20_000);
        assertRejected(bomb, "\"root/data.pkl\" in the zip is compressed");
    }

    @Test
    void readRejectsHiddenCompression() {
        zip.putShort(8, (short) 8);
        assertRejected("is not at the offset in the directory");
    }

    @Test
    void readRejectsEncryptedEntry() {
        zip.putShort(first + 8, (short) 1);
        assertRejected("encrypted");
    }

    @Test
    void readRejectsSizeBeyondFile() {
        setSize(second, 0x7fffffff);
        assertRejected("\"root/bb\" in the zip is truncated");
        setSize(second, -1);
        assertRejected("no Zip64 size");
    }

    @Test
    void readRejectsContradictorySizes() {
        zip.putInt(second + 24, 5);
        assertRejected("contradictory sizes 5 and 8");
    }

    @Test
    void readRejectsOverlappingEntries() {
        setSize(first, 20);
        assertRejected("\"root/a\" in the zip overlaps");
    }

    @Test
    void readRejectsEntryOutsideFile() {
        zip.putInt(second + 42, 0x7ffffff0);
        assertRejected("begins outside the file");
    }

    @Test
    void readRejectsWrongOffset() {
        zip.putInt(second + 42, 0);
        assertRejected("\"root/bb\" in the zip is not at the offset in the directory");
    }

    @Test
    void readRejectsDuplicateName() {
        byte[] twice = new TorchZip().with("root/a", "x").with("root/b", "y").bytes();
        String text = new String(twice, StandardCharsets.ISO_8859_1).replace("root/b", "root/a");
        assertRejected(text.getBytes(StandardCharsets.ISO_8859_1), "contains \"root/a\" twice");
    }

    @Test
    void readRejectsMissingDirectory() {
        zip.putInt(end + 16, first + 1);
        assertRejected("not at the offset in its end record");
        zip.putInt(end + 16, -1);
        assertRejected("not at the offset in its end record");
        zip.putInt(end + 12, -1);
        assertRejected("not at the offset in its end record");
    }

    @Test
    void readRejectsWrongEntryCount() {
        zip.putShort(end + 10, (short) 3);
        assertRejected("declares 3 entries but lists 2");
    }

    @Test
    void readRejectsTruncatedDirectoryEntry() {
        zip.putShort(second + 28, (short) 0xffff);
        assertRejected("truncated inside an entry");
        zip.putInt(second, 0);
        assertRejected("an invalid entry");
    }

    @Test
    void readRejectsHugeDirectory() throws IOException {
        Path path = folder.resolve("sparse.bin");
        long size = 40L << 20;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(
                    ByteBuffer.allocate(22)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(0, 0x06054b50)
                            .putInt(12, (int) size),
                    size);
        }
        try (FileChannel channel = FileChannel.open(path)) {
            assertThatThrownBy(() -> ZipDirectory.read(channel, path)).hasMessageContaining("the limit is");
        }
    }

    @Test
    void readAcceptsZip64() throws IOException {
        Path path = folder.resolve("large.bin");
        long far = 5L << 30;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            // A sparse region for the data of the first entry, which occupies no disk space.
            byte[] name = "root/a".getBytes(StandardCharsets.US_ASCII);
            channel.write(
                    little(36).putInt(0, 0x04034b50).putShort(26, (short) 6).put(30, name), 0);
            channel.write(
                    little(36).putInt(0, 0x04034b50).putShort(26, (short) 6).put(30, name), far);
            channel.write(ByteBuffer.wrap("root/b".getBytes(StandardCharsets.US_ASCII)), far + 30);
            channel.write(ByteBuffer.wrap(new byte[] {7, 8, 9}), far + 36);
            long directory = far + 39;
            // An extra field of another type precedes the Zip64 field.
            ByteBuffer entries = little(2 * (CENTRAL + 6) + 24 + 17);
            central(entries, name, -1, 24).putInt(0x00000042);
            entries.putShort((short) 1).putShort((short) 16);
            entries.putLong(far - 36).putLong(far - 36);
            central(entries, "root/b".getBytes(StandardCharsets.US_ASCII), 3, 17);
            entries.putShort((short) 0x4246).putShort((short) 1).put((byte) 0);
            entries.putShort((short) 1).putShort((short) 8).putLong(far);
            channel.write(entries.flip(), directory);
            long after = directory + entries.limit();
            channel.write(
                    little(56)
                            .putInt(0, 0x06064b50)
                            .putLong(32, 2)
                            .putLong(40, entries.limit())
                            .putLong(48, directory),
                    after);
            channel.write(little(20).putInt(0, 0x07064b50).putLong(8, after), after + 56);
            channel.write(little(22).putInt(0, 0x06054b50).putInt(12, -1).putInt(16, -1), after + 76);
        }
        try (FileChannel channel = FileChannel.open(path)) {
            Map<String, ZipEntry> entries = ZipDirectory.read(channel, path);
            assertThat(entries.get("root/a")).isEqualTo(new ZipEntry("root/a", 0, 36, far - 36));
            assertThat(entries.get("root/b")).isEqualTo(new ZipEntry("root/b", far, far + 36, 3));
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
            channel.write(little(8).putLong(0, Long.MAX_VALUE), channel.size() - 22 - 20 + 8);
            assertThatThrownBy(() -> ZipDirectory.read(channel, path))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("not at the offset in its end record");
        }
    }

    /**
     * Writes a directory entry up to its extra field; the offset of the local header needs Zip64 unless the size does.
     */
    private static ByteBuffer central(ByteBuffer to, byte[] name, int size, int extra) {
        int start = to.position();
        to.putInt(start, 0x02014b50).putInt(start + 20, size).putInt(start + 24, size);
        to.putShort(start + 28, (short) name.length).putShort(start + 30, (short) extra);
        to.putInt(start + 42, size == -1 ? 0 : -1);
        return to.position(start + CENTRAL).put(name);
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void setSize(int entry, int size) {
        zip.putInt(entry + 20, size).putInt(entry + 24, size);
    }

    private Map<String, ZipEntry> read(byte[] bytes) throws IOException {
        Path path = Files.write(folder.resolve("case.bin"), bytes);
        try (FileChannel channel = FileChannel.open(path)) {
            return ZipDirectory.read(channel, path);
        }
    }

    private void assertRejected(String reason) {
        assertRejected(valid, reason);
    }

    private void assertRejected(byte[] bytes, String reason) {
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("case.bin")
                .hasMessageContaining(reason);
    }
}
