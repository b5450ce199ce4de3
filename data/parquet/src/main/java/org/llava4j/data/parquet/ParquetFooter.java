package org.llava4j.data.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.schema.MessageType;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;

/**
 * Footer of a Parquet file: schema and row groups. The sizes in it are checked against the size of the file.
 *
 * @param fileBytes size of the file
 */
record ParquetFooter(MessageType schema, List<RowGroup> rowGroups, long fileBytes) {
    /** Footers of published datasets have less than 1 MB. */
    private static final int MAX_BYTES = 64 << 20;

    private static final String MAGIC = "PAR1";
    private static final String ENCRYPTED = "PARE";
    private static final int TAIL_BYTES = 8;

    /**
     * Rows that are stored together.
     *
     * @param columns the column chunks by path in the schema
     */
    record RowGroup(long rows, Map<List<String>, ColumnMetaData> columns) {}

    /**
     * Reads the footer of a file.
     *
     * @throws BadInputException if the file is not a valid Parquet file; without its name
     */
    static ParquetFooter read(Path file, FileChannel channel) throws IOException {
        FailedDownload.reject(file);
        long size = channel.size();
        if (size < MAGIC.length() + TAIL_BYTES
                || !text(bytes(channel, 0, MAGIC.length()), 0).equals(MAGIC)) {
            throw new BadInputException("is not a Parquet file; give a .parquet file");
        }
        byte[] tail = bytes(channel, size - TAIL_BYTES, TAIL_BYTES);
        String magic = text(tail, TAIL_BYTES - MAGIC.length());
        if (magic.equals(ENCRYPTED)) {
            throw new BadInputException("is encrypted; write it without encryption");
        }
        long length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffffffffL;
        if (!magic.equals(MAGIC) || length > size - TAIL_BYTES - MAGIC.length()) {
            throw new BadInputException("has no complete footer; download it again");
        }
        if (length > MAX_BYTES) {
            throw new BadInputException("has a footer of " + length + " bytes; at most " + MAX_BYTES + " are read");
        }
        long end = size - TAIL_BYTES - length;
        FileMetaData metadata = new FileMetaData();
        ThriftStructs.read(
                metadata, new ByteArrayInputStream(bytes(channel, end, (int) length)), Math.toIntExact(length));
        if (metadata.isSetEncryption_algorithm()) {
            throw new BadInputException("is encrypted; write it without encryption");
        }
        return new ParquetFooter(ParquetSchema.of(metadata.getSchema()), rowGroups(metadata, end), size);
    }

    /** Converts row groups; column chunks share no bytes, so the sum of their sizes is at most that of the file. */
    private static List<RowGroup> rowGroups(FileMetaData metadata, long end) {
        List<RowGroup> groups = new ArrayList<>();
        long total = 0;
        for (org.apache.parquet.format.RowGroup group : metadata.getRow_groups()) {
            Map<List<String>, ColumnMetaData> columns = new HashMap<>();
            for (ColumnChunk chunk : group.getColumns()) {
                ColumnMetaData column = chunk.getMeta_data();
                if (column == null || chunk.isSetFile_path()) {
                    throw new BadInputException("has columns in another file; write it as one file");
                }
                long start = start(column);
                long bytes = column.getTotal_compressed_size();
                total += bytes;
                if (start < MAGIC.length() || bytes < 0 || start > end - bytes || total > end) {
                    throw new BadInputException("names bytes outside of the file in its footer; download it again");
                }
                columns.put(List.copyOf(column.getPath_in_schema()), column);
            }
            if (group.getNum_rows() < 0) {
                throw new BadInputException("has a row group of " + group.getNum_rows() + " rows; download it again");
            }
            groups.add(new RowGroup(group.getNum_rows(), columns));
        }
        return List.copyOf(groups);
    }

    /** Returns the offset of a column chunk: that of its dictionary, if it has one. */
    static long start(ColumnMetaData column) {
        long data = column.getData_page_offset();
        long dictionary = column.getDictionary_page_offset();
        return dictionary > 0 && dictionary < data ? dictionary : data;
    }

    private static byte[] bytes(FileChannel channel, long position, int count) throws IOException {
        try (ChunkInput in = new ChunkInput(channel, position, count)) {
            return in.readExactly(count);
        }
    }

    private static String text(byte[] bytes, int from) {
        return new String(bytes, from, bytes.length - from, StandardCharsets.ISO_8859_1);
    }

    /** Returns the number of rows of all row groups. */
    long rows() {
        long rows = 0;
        for (RowGroup group : rowGroups) {
            rows = Math.addExact(rows, group.rows());
        }
        return rows;
    }
}
