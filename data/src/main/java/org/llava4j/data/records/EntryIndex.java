package org.llava4j.data.records;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileChangedException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.LocalCopies;
import org.llava4j.data.TextFiles;

/**
 * Index of the entries of a file, with random access to them. It is built in one pass and takes sixteen bytes per
 * entry. Several threads may read.
 */
final class EntryIndex implements Closeable {
    private final Path file;
    private final EntryFormat format;
    private final FileChannel channel;
    private final long fileBytes;
    private final List<String> keys = new ArrayList<>();
    private long[] bounds = new long[64]; // start and end of entry i at 2i and 2i + 1
    private int size;
    private int bomBytes;
    private int[] lines = {}; // of each entry; counted on first use

    private EntryIndex(Path file, EntryFormat format, FileChannel channel) throws IOException {
        this.file = file;
        this.format = format;
        this.channel = channel;
        fileBytes = channel.size();
    }

    /**
     * Indexes a file.
     *
     * @throws BadInputException if it is missing or not of this format
     */
    static EntryIndex of(Path file, EntryFormat format) {
        try {
            EntryIndex index = new EntryIndex(file, format, FileChannel.open(file));
            return CloseOnFailure.run(index, () -> {
                FailedDownload.rejectUnlessEmpty(file);
                index.bomBytes = TextFiles.bomBytes(file);
                try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
                    format.scan(in, index);
                }
                return index;
            });
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path", e);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    /**
     * Adds an entry; called by the format.
     *
     * @throws BadInputException if it is too large
     */
    void add(long start, long end, long line) {
        if (end - start >= Integer.MAX_VALUE) {
            throw bad(line, "entry " + size + " is larger than 2 GB");
        }
        if (2 * size == bounds.length) {
            bounds = Arrays.copyOf(bounds, bounds.length * 2);
        }
        bounds[2 * size] = start;
        bounds[2 * size + 1] = end;
        size++;
    }

    /** Adds the key of the next entry, for formats with keys. */
    void addKey(String key) {
        keys.add(key);
    }

    /** Creates an exception about a line of this file. */
    BadInputException bad(long line, String what) {
        return new BadInputException(file + ", line " + line + ": " + what);
    }

    int size() {
        return size;
    }

    /** Returns the offset of the text, after the byte order mark. */
    int firstByte() {
        return bomBytes;
    }

    Path file() {
        return file;
    }

    /** Returns the key of an entry, for formats with keys. */
    String key(int entry) {
        return keys.get(entry);
    }

    /** Returns the offset of an entry in the file. */
    long offset(int entry) {
        return bounds[2 * entry];
    }

    /**
     * Reads an entry.
     *
     * @throws BadInputException if it is malformed or the file was changed
     */
    JsonNode get(int entry) {
        long start = bounds[2 * entry];
        ByteBuffer buffer = ByteBuffer.allocate((int) (bounds[2 * entry + 1] - start));
        try {
            if (channel.size() != fileBytes) {
                throw new FileChangedException(file + ": was changed while it was read; start again");
            }
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, start + buffer.position()) < 0) {
                    throw new FileChangedException(file + ": was truncated while it was read; start again");
                }
            }
            return parse(entry, buffer.array());
        } catch (JsonProcessingException e) {
            throw new BadInputException(where(entry) + ": " + JsonInput.reason(e), e);
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    private JsonNode parse(int entry, byte[] bytes) throws IOException {
        try {
            return format.parse(entry, bytes);
        } catch (BadInputException e) {
            throw new BadInputException(where(entry) + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns the location of an entry, for messages: the file, the line if no other entry begins in it, and the
     * entry's index.
     */
    String where(int entry) {
        int[] begins = lines();
        boolean alone = (entry == 0 || begins[entry - 1] < begins[entry])
                && (entry == size - 1 || begins[entry] < begins[entry + 1]);
        return LocalCopies.withOriginalPaths(file + (alone ? ", line " + begins[entry] : "") + ", entry " + entry);
    }

    /** Returns the line, from 1, of each entry; counted on first use. */
    private synchronized int[] lines() {
        if (lines.length < size) {
            lines = countLines();
        }
        return lines;
    }

    /** Counts lines; entries are in file order. */
    private int[] countLines() {
        int[] found = new int[size];
        int line = 1;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            long at = 0;
            int before = 0;
            for (int entry = 0; entry < size; entry++) {
                for (; at < bounds[2 * entry]; at++) {
                    int next = in.read();
                    line += next == '\r' || (next == '\n' && before != '\r') ? 1 : 0;
                    before = next;
                }
                found[entry] = line;
            }
            return found;
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw JsonInput.parseError(file.toString(), 0, e);
        }
    }
}
