package org.llava4j.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

/** Rows of files that claim more than they have: each is refused with file and row, before memory is allocated. */
class ParquetRowsTest {
    private static final int HUGE = 2_000_000_000;

    @TempDir
    Path folder;

    private static TestFile required(CompressionCodec codec) {
        return new TestFile(FieldRepetitionType.REQUIRED, codec);
    }

    private Path file() {
        return folder.resolve("a.parquet");
    }

    private static List<String> read(Path file) {
        List<String> texts = new ArrayList<>();
        try (ParquetRows rows = ParquetRows.open(file, Set.of("a"))) {
            rows.forEachRemaining(row -> texts.add(row.path("a").toString()));
        }
        return texts;
    }

    private static void refused(Path file, String... words) {
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContainingAll(words);
    }

    private static byte[] join(byte[]... parts) {
        ByteBuffer joined = ByteBuffer.allocate(1 << 12);
        for (byte[] part : parts) {
            joined.put(part);
        }
        byte[] bytes = new byte[joined.position()];
        joined.flip().get(bytes);
        return bytes;
    }

    @Test
    void readsPlainAndDictionaryPages() throws IOException {
        byte[] page = join(TestFile.plain("x"), TestFile.plain("é"));
        Path plain = required(CompressionCodec.ZSTD)
                .page(Zstd.compress(page), page.length, 2, Encoding.PLAIN)
                .write(file(), 2, 2);
        assertThat(read(plain)).containsExactly("\"x\"", "\"é\"");
        byte[] indices = join(new byte[] {1}, TestFile.run(3));
        Path dictionary = required(CompressionCodec.UNCOMPRESSED)
                .dictionary(TestFile.plain("d"), 1)
                .page(indices, indices.length, 3, Encoding.RLE_DICTIONARY)
                .write(file(), 3, 3);
        assertThat(read(dictionary)).containsExactly("\"d\"", "\"d\"", "\"d\"");
    }

    /** Files of format version 1 call both encodings PLAIN_DICTIONARY; pyarrow writes pages without values. */
    @Test
    void readsOldDictionariesAndEmptyPages() throws IOException {
        byte[] indices = join(new byte[] {1}, TestFile.run(2));
        Path file = required(CompressionCodec.UNCOMPRESSED)
                .dictionary(TestFile.plain("d"), 1, Encoding.PLAIN_DICTIONARY)
                .page(indices, indices.length, 2, Encoding.PLAIN_DICTIONARY)
                .page(new byte[] {1}, 1, 0, Encoding.PLAIN_DICTIONARY)
                .page(indices, indices.length, 2, Encoding.PLAIN_DICTIONARY)
                .write(file(), 4, 4);
        assertThat(read(file)).containsExactly("\"d\"", "\"d\"", "\"d\"", "\"d\"");
    }

    @Test
    void pageThatExpandsToAGigabyteIsRefused() throws IOException {
        byte[] bomb = Zstd.compress(new byte[200 << 20]);
        refused(
                required(CompressionCodec.ZSTD)
                        .page(bomb, 200 << 20, 1, Encoding.PLAIN)
                        .write(file(), 1, 1),
                "row 0",
                "claims 209715200 bytes");
        refused(
                required(CompressionCodec.ZSTD)
                        .page(bomb, 1000, 1, Encoding.PLAIN)
                        .write(file(), 1, 1),
                "row 0");
        for (CompressionCodec codec : List.of(
                CompressionCodec.ZSTD, CompressionCodec.SNAPPY, CompressionCodec.GZIP, CompressionCodec.UNCOMPRESSED)) {
            refused(required(codec).page(new byte[100], HUGE, 1, Encoding.PLAIN).write(file(), 1, 1), "claims " + HUGE);
        }
    }

    @Test
    void textLongerThanItsPageIsRefused() throws IOException {
        byte[] page = join(TestFile.littleEndian(HUGE), new byte[] {1, 2, 3});
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .page(page, page.length, 1, Encoding.PLAIN)
                        .write(file(), 1, 1),
                "row 0");
    }

    @Test
    void dictionaryThatClaimsBillionsOfTextsIsRefused() throws IOException {
        byte[] indices = join(new byte[] {1}, TestFile.run(1));
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .dictionary(TestFile.plain("d"), HUGE)
                        .page(indices, indices.length, 1, Encoding.RLE_DICTIONARY)
                        .write(file(), 1, 1),
                "claims " + HUGE + " values");
    }

    /** The decoder allocates eight integers for each group of a run. */
    @Test
    void packedRunOfBillionsOfIndicesIsRefused() throws IOException {
        byte[] header = {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x03};
        byte[] indices = join(new byte[] {0}, header);
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .dictionary(TestFile.plain("d"), 1)
                        .page(indices, indices.length, 1, Encoding.RLE_DICTIONARY)
                        .write(file(), 1, 1),
                "malformed runs");
    }

    @Test
    void oneTextRepeatedForeverIsRefused() throws IOException {
        int values = 1 << 24;
        byte[] indices = join(new byte[] {1}, TestFile.run(values));
        Path file = required(CompressionCodec.UNCOMPRESSED)
                .dictionary(TestFile.plain("long text ".repeat(100)), 1)
                .page(indices, indices.length, values, Encoding.RLE_DICTIONARY)
                .write(file(), values, values);
        assertThatThrownBy(() -> {
                    try (ParquetRows rows = ParquetRows.open(file, Set.of("a"))) {
                        while (rows.hasNext()) {
                            rows.next();
                        }
                    }
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("far more content than bytes");
    }

    /** One row with 2^24 list elements in a few bytes. */
    @Test
    void endlessListIsRefused() throws IOException {
        int values = 1 << 24;
        byte[] ones = TestFile.run(values - 1);
        ones[ones.length - 1] = 1;
        byte[] repetition = join(TestFile.run(1), ones);
        byte[] definition = TestFile.run(values);
        definition[definition.length - 1] = 1;
        byte[] page = join(
                TestFile.littleEndian(repetition.length),
                repetition,
                TestFile.littleEndian(definition.length),
                definition,
                new byte[] {1},
                TestFile.run(values));
        refused(
                new TestFile(FieldRepetitionType.REPEATED, CompressionCodec.UNCOMPRESSED)
                        .dictionary(TestFile.plain("d"), 1)
                        .page(page, page.length, values, Encoding.RLE_DICTIONARY)
                        .write(file(), 1, values),
                "row 0",
                "values");
    }

    @Test
    void fewerValuesThanTheFooterSaysIsRefused() throws IOException {
        byte[] page = TestFile.plain("x");
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .page(page, page.length, 1, Encoding.PLAIN)
                        .write(file(), 2, 2),
                "row 0", // the reader is one value ahead
                "fewer values");
    }

    @Test
    void unsupportedCompressionAndEncodingAreNamed() throws IOException {
        byte[] page = TestFile.plain("x");
        refused(
                required(CompressionCodec.BROTLI)
                        .page(page, page.length, 1, Encoding.PLAIN)
                        .write(file(), 1, 1),
                "BROTLI");
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .page(page, page.length, 1, Encoding.DELTA_BYTE_ARRAY)
                        .write(file(), 1, 1),
                "column a",
                "DELTA_BYTE_ARRAY");
    }

    @Test
    void textThatIsNotUtf8IsRefused() throws IOException {
        byte[] page = join(TestFile.littleEndian(1), new byte[] {(byte) 0xff});
        refused(
                required(CompressionCodec.UNCOMPRESSED)
                        .page(page, page.length, 1, Encoding.PLAIN)
                        .write(file(), 1, 1),
                "row 0",
                "not UTF-8");
    }
}
