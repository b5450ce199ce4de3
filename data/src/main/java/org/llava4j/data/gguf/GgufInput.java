package org.llava4j.data.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileBytes;

/**
 * Sequential reader of a header, little-endian. Nothing is allocated from a length in the file before it is compared with
 * the bytes that are left.
 */
final class GgufInput {
    /** Limit of a header: vocabularies of 256,000 pieces with merges take about 20 MB. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final int CHUNK_BYTES = 1 << 16;

    private static final char REPLACEMENT = '\uFFFD';

    private final FileChannel channel;
    private final Path file;
    private final long end;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    /** File offset of the first byte after {@link #buffer}. */
    private long loaded;

    GgufInput(FileChannel channel, Path file) throws IOException {
        this.channel = channel;
        this.file = file;
        end = Math.min(channel.size(), MAX_HEADER_BYTES);
    }

    /** File offset of the next byte. */
    long position() {
        return loaded - buffer.remaining();
    }

    int int32(String what) throws IOException {
        return next(Integer.BYTES, what).getInt();
    }

    long int64(String what) throws IOException {
        return next(Long.BYTES, what).getLong();
    }

    /**
     * Reads a number of elements.
     *
     * @param minBytes the least number of bytes of an element
     * @throws BadInputException if so many elements do not fit into the rest of the header
     */
    int count(String what, int minBytes) throws IOException {
        long count = int64(what);
        requireLeft(count, minBytes, what);
        return (int) count;
    }

    /** Reads a string: its length and UTF-8. */
    String string(String what) throws IOException {
        int length = count(what, 1);
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            int part = Math.min(CHUNK_BYTES, length - done);
            next(part, what).get(bytes, done, part);
            done += part;
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        // Malformed bytes become the replacement character; a vocabulary may also contain it.
        if (text.indexOf(REPLACEMENT) >= 0 && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes)) {
            throw error(what + " is not UTF-8");
        }
        return text;
    }

    /** Reads a value other than an array: a Long, a Double, a Boolean or a String. */
    Object scalar(GgufValueType type, String what) throws IOException {
        return switch (type) {
            case UINT8 -> next(1, what).get() & 0xFFL;
            case INT8 -> (long) next(1, what).get();
            case UINT16 -> next(2, what).getShort() & 0xFFFFL;
            case INT16 -> (long) next(2, what).getShort();
            case UINT32 -> int32(what) & 0xFFFF_FFFFL;
            case INT32 -> (long) int32(what);
            case INT64 -> int64(what);
            case UINT64 -> {
                long value = int64(what);
                if (value < 0) {
                    throw error(what + " is " + Long.toUnsignedString(value) + ", beyond 64 bits with a sign");
                }
                yield value;
            }
            case FLOAT32 -> (double) next(4, what).getFloat();
            case FLOAT64 -> next(8, what).getDouble();
            case BOOL -> {
                byte value = next(1, what).get();
                if ((value & ~1) != 0) {
                    throw error(what + " is a BOOL but neither 0 nor 1");
                }
                yield value == 1;
            }
            case STRING -> string(what);
            case ARRAY -> throw new IllegalArgumentException("an array is not a scalar");
        };
    }

    private ByteBuffer next(int bytes, String what) throws IOException {
        if (buffer.remaining() < bytes) {
            requireLeft(bytes, 1, what);
            long from = position();
            int length = (int) Math.min(Math.max(bytes, CHUNK_BYTES), end - from);
            buffer = FileBytes.read(channel, from, length);
            loaded = from + length;
        }
        return buffer;
    }

    private void requireLeft(long count, int minBytes, String what) {
        long left = end - position();
        if (count < 0 || count > left / minBytes) {
            throw error(what + " is " + Long.toUnsignedString(count) + " long, but "
                    + (end == MAX_HEADER_BYTES
                            ? "a header is limited to " + end + " bytes"
                            : "only " + left + " bytes are left"));
        }
    }

    BadInputException error(String problem) {
        return new BadInputException(file + " is damaged: " + problem + "; download or write the file again");
    }
}
