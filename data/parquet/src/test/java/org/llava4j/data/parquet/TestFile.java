package org.llava4j.data.parquet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;

/** Writer of a Parquet file with one column of texts, {@code a}, and any pages, also invalid ones. */
final class TestFile {
    private final FieldRepetitionType repetition;
    private final CompressionCodec codec;
    private final ByteArrayOutputStream pages = new ByteArrayOutputStream();
    private long dictionary;
    private long data;

    TestFile(FieldRepetitionType repetition, CompressionCodec codec) {
        this.repetition = repetition;
        this.codec = codec;
    }

    /** Adds a data page of {@code stored} bytes that claims {@code size} bytes of content. */
    TestFile page(byte[] stored, int size, int values, Encoding encoding) throws IOException {
        data = data == 0 ? 4 + pages.size() : data;
        PageHeader header = new PageHeader(PageType.DATA_PAGE, size, stored.length);
        header.setData_page_header(new DataPageHeader(values, encoding, Encoding.RLE, Encoding.RLE));
        return add(header, stored);
    }

    TestFile dictionary(byte[] stored, int values) throws IOException {
        return dictionary(stored, values, Encoding.PLAIN);
    }

    TestFile dictionary(byte[] stored, int values, Encoding encoding) throws IOException {
        dictionary = 4;
        PageHeader header = new PageHeader(PageType.DICTIONARY_PAGE, stored.length, stored.length);
        header.setDictionary_page_header(new DictionaryPageHeader(values, encoding));
        return add(header, stored);
    }

    private TestFile add(PageHeader header, byte[] stored) throws IOException {
        Util.writePageHeader(header, pages);
        pages.write(stored);
        return this;
    }

    Path write(Path file, long rows, long values) throws IOException {
        ColumnMetaData column = new ColumnMetaData(
                Type.BYTE_ARRAY,
                List.of(Encoding.PLAIN),
                List.of("a"),
                codec,
                values,
                pages.size(),
                pages.size(),
                data);
        if (dictionary > 0) {
            column.setDictionary_page_offset(dictionary);
        }
        ColumnChunk chunk = new ColumnChunk(0);
        chunk.setMeta_data(column);
        SchemaElement root = new SchemaElement("schema");
        root.setNum_children(1);
        SchemaElement leaf = new SchemaElement("a");
        leaf.setType(Type.BYTE_ARRAY);
        leaf.setConverted_type(ConvertedType.UTF8);
        leaf.setRepetition_type(repetition);
        FileMetaData footer =
                new FileMetaData(1, List.of(root, leaf), rows, List.of(new RowGroup(List.of(chunk), 0, rows)));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write("PAR1".getBytes(StandardCharsets.US_ASCII));
        pages.writeTo(out);
        int before = out.size();
        Util.writeFileMetaData(footer, out);
        out.write(littleEndian(out.size() - before));
        out.write("PAR1".getBytes(StandardCharsets.US_ASCII));
        return Files.write(file, out.toByteArray());
    }

    static byte[] littleEndian(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    /** A text as a PLAIN value. */
    static byte[] plain(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + bytes.length)
                .put(littleEndian(bytes.length))
                .put(bytes)
                .array();
    }

    /** One run of {@code count} zeros. */
    static byte[] run(int count) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long header = (long) count << 1;
        for (; header > 0x7f; header >>>= 7) {
            out.write((int) ((header & 0x7f) | 0x80));
        }
        out.write((int) header);
        out.write(0);
        return out.toByteArray();
    }
}
