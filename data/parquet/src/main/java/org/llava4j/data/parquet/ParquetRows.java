package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.FileReadError;

/**
 * Rows of one Parquet file as JSON objects, in order. One page of each column is in memory. Pages have version 1 or 2,
 * the encodings PLAIN or dictionary, and the compression snappy, zstd, gzip or none.
 */
final class ParquetRows implements Iterator<ObjectNode>, Closeable {
    private final Path file;
    private final FileChannel channel;
    private final ParquetFooter footer;
    private final long size;
    private final MessageColumnIO columns;
    private final RowMaterializer materializer;
    private final ReadBudget budget;
    private int nextGroup;
    private @Nullable RecordReader<ObjectNode> group;
    private long leftInGroup;
    private long row;

    private ParquetRows(Path file, FileChannel channel, ParquetFooter footer, Set<String> wanted) {
        this.file = file;
        this.channel = channel;
        this.footer = footer;
        size = footer.rows();
        List<Type> read = footer.schema().getFields().stream()
                .filter(column -> wanted.contains(column.getName()))
                .toList();
        if (read.isEmpty()) {
            throw new BadInputException("has none of the columns " + new TreeSet<>(wanted));
        }
        MessageType schema = new MessageType(footer.schema().getName(), read);
        columns = new ColumnIOFactory().getColumnIO(schema, footer.schema());
        budget = new ReadBudget(footer.fileBytes());
        materializer = new RowMaterializer(schema, budget);
    }

    /**
     * Opens a file.
     *
     * @param wanted the columns to read; those that the file does not have are missing in its rows
     * @throws BadInputException if it is not a Parquet file that can be read
     */
    static ParquetRows open(Path file, Set<String> wanted) {
        try {
            FileChannel channel = FileChannel.open(file);
            return CloseOnFailure.run(
                    channel, () -> new ParquetRows(file, channel, ParquetFooter.read(file, channel), wanted));
        } catch (IOException e) {
            throw unreadable(file, e);
        } catch (RuntimeException e) {
            throw bad(file.toString(), e);
        }
    }

    /**
     * Returns the names of all columns of a file.
     *
     * @throws BadInputException if it is not a Parquet file that can be read
     */
    static Set<String> columns(Path file) {
        return footer(file).schema().getFields().stream().map(Type::getName).collect(Collectors.toSet());
    }

    /**
     * Returns the number of rows of a file.
     *
     * @throws BadInputException if it is not a Parquet file that can be read
     */
    static long count(Path file) {
        return footer(file).rows();
    }

    private static ParquetFooter footer(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            return ParquetFooter.read(file, channel);
        } catch (IOException e) {
            throw unreadable(file, e);
        } catch (RuntimeException e) {
            throw bad(file.toString(), e);
        }
    }

    private static BadInputException unreadable(Path file, IOException e) {
        return FileReadError.of(file, e, "download it again");
    }

    /** Returns the location of the next row, for messages: file and row, from 0. */
    String where() {
        return file + ", row " + row;
    }

    @Override
    public boolean hasNext() {
        return row < size;
    }

    /**
     * Reads the next row.
     *
     * @throws BadInputException if the file is damaged or has content beyond the limits
     */
    @Override
    public ObjectNode next() {
        if (!hasNext()) {
            throw new NoSuchElementException("all " + size + " rows have been read");
        }
        try {
            budget.row();
            while (leftInGroup == 0) {
                ParquetFooter.RowGroup next = footer.rowGroups().get(nextGroup++);
                leftInGroup = next.rows();
                group = leftInGroup == 0
                        ? null
                        : columns.getRecordReader(new RowGroupPages(channel, next), materializer);
            }
            ObjectNode value = group == null ? null : group.read();
            if (value == null) {
                throw new BadInputException("cannot be read; download it again");
            }
            leftInGroup--;
            row++;
            return value;
        } catch (RuntimeException e) {
            throw bad(where(), e);
        }
    }

    /** Parquet's decoders throw many kinds of exceptions for damaged files, around ours. */
    private static BadInputException bad(String where, RuntimeException e) {
        Throwable reason = e;
        for (@Nullable Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof BadInputException) {
                return new BadInputException(where + ": " + cause.getMessage(), e);
            }
            reason = cause;
            if (cause instanceof IOException) {
                break;
            }
        }
        String message = reason.getMessage() == null ? reason.getClass().getSimpleName() : reason.getMessage();
        return new BadInputException(where + ": cannot be read (" + message + "); download it again", e);
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            return; // nothing was written
        }
    }

    @Override
    public void close() {
        close(channel);
    }
}
