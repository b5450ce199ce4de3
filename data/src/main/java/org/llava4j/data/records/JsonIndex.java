package org.llava4j.data.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
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
import org.llava4j.data.FileChangedException;
import org.llava4j.data.JsonInput;

/**
 * Where the entries of a JSON file lie, found in one pass in constant memory (but for sixteen bytes an entry), and
 * random access to them. Entries are the objects of one array, of one object (each with its key), or of a file with one
 * object after the other (JSONL). Several threads may read.
 */
final class JsonIndex implements Closeable {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

    private final Path file;
    private final FileChannel channel;
    private final long fileBytes;
    private final List<String> keys = new ArrayList<>();
    private long[] bounds = new long[64]; // start and end of entry i at 2i and 2i + 1
    private int size;

    private JsonIndex(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        fileBytes = channel.size();
    }

    /** Indexes an array of objects, or objects one after the other. */
    static JsonIndex ofEntries(Path file) {
        return open(file, false);
    }

    /** Indexes the members of one object, which must be objects. */
    static JsonIndex ofMembers(Path file) {
        return open(file, true);
    }

    private static JsonIndex open(Path file, boolean members) {
        JsonIndex index = null;
        boolean whole = false;
        try {
            index = new JsonIndex(file, FileChannel.open(file));
            index.scan(members);
            whole = true;
            return index;
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path", e);
        } catch (IOException e) {
            throw JsonInput.broken(file.toString(), 0, e);
        } finally {
            if (index != null && !whole) {
                index.close();
            }
        }
    }

    private void scan(boolean members) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
                JsonParser parser = FACTORY.createParser(in)) {
            JsonToken first = parser.nextToken();
            if (members) {
                require(first == JsonToken.START_OBJECT, parser, "must hold one JSON object");
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    keys.add(parser.currentName());
                    parser.nextToken();
                    add(parser);
                }
                require(parser.nextToken() == null, parser, "goes on after its object");
            } else if (first == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    add(parser);
                }
                require(parser.nextToken() == null, parser, "goes on after its array");
            } else {
                require(first != null, parser, "is empty; it must hold a JSON array of samples");
                for (JsonToken token = first; token != null; token = parser.nextToken()) {
                    add(parser);
                }
            }
        }
    }

    private void add(JsonParser parser) throws IOException {
        require(parser.currentToken() == JsonToken.START_OBJECT, parser, "entry " + size + " is not an object in {}");
        long start = parser.currentTokenLocation().getByteOffset();
        require(start >= 0, parser, "is not in UTF-8");
        parser.skipChildren();
        long end = parser.currentLocation().getByteOffset();
        require(end - start < Integer.MAX_VALUE, parser, "entry " + size + " is larger than 2 GB");
        if (2 * size == bounds.length) {
            bounds = Arrays.copyOf(bounds, bounds.length * 2);
        }
        bounds[2 * size] = start;
        bounds[2 * size + 1] = end;
        size++;
    }

    private void require(boolean holds, JsonParser parser, String otherwise) {
        if (!holds) {
            throw new BadInputException(
                    file + ", line " + parser.currentTokenLocation().getLineNr() + ": " + otherwise);
        }
    }

    int size() {
        return size;
    }

    Path file() {
        return file;
    }

    /** The key of a member; only of an index over members. */
    String key(int entry) {
        return keys.get(entry);
    }

    /** First byte of an entry in the file. */
    long offset(int entry) {
        return bounds[2 * entry];
    }

    /** One entry. @throws BadInputException if it is not sound JSON or the file has changed */
    JsonNode get(int entry) {
        long start = bounds[2 * entry];
        ByteBuffer buffer = ByteBuffer.allocate((int) (bounds[2 * entry + 1] - start));
        try {
            if (channel.size() != fileBytes) {
                throw new FileChangedException(file + ": has changed while it was read; start again");
            }
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, start + buffer.position()) < 0) {
                    throw new FileChangedException(file + ": has become shorter while it was read; start again");
                }
            }
            return JsonInput.tree(buffer.array());
        } catch (IOException e) {
            throw JsonInput.broken(file.toString(), line(entry) - 1, e);
        }
    }

    /** File and line of an entry, for messages. */
    String where(int entry) {
        return file + ", line " + line(entry);
    }

    /** The line an entry begins in, from 1: found by counting, since hardly any entry is ever asked for it. */
    private int line(int entry) {
        int line = 1;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            for (long at = 0; at < bounds[2 * entry]; at++) {
                line += in.read() == '\n' ? 1 : 0;
            }
        } catch (IOException e) {
            throw JsonInput.broken(file.toString(), 0, e);
        }
        return line;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw JsonInput.broken(file.toString(), 0, e);
        }
    }
}
