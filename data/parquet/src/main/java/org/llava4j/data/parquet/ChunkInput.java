package org.llava4j.data.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Objects;

/** Buffered stream of a part of a file. Several streams may read the same channel, which stays open. */
final class ChunkInput extends InputStream {
    private static final int BUFFER_BYTES = 1 << 14;

    private final FileChannel channel;
    private final ByteBuffer buffer;
    private long position; // of the next byte that is not in the buffer
    private final long end;

    ChunkInput(FileChannel channel, long position, long length) {
        this.channel = channel;
        this.position = position;
        end = position + length;
        buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, length)).limit(0);
    }

    /** Returns the number of bytes left. */
    long left() {
        return end - position + buffer.remaining();
    }

    @Override
    public int read() throws IOException {
        return fill() ? buffer.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, buffer.remaining());
        buffer.get(target, offset, count);
        return count;
    }

    private boolean fill() throws IOException {
        if (!buffer.hasRemaining() && position < end) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
            if (channel.read(buffer, position) < 0) {
                throw new EOFException("was truncated while it was read");
            }
            position += buffer.position();
            buffer.flip();
        }
        return buffer.hasRemaining();
    }

    /**
     * Reads a number of bytes that the file has.
     *
     * @throws EOFException if this part of the file has fewer
     */
    byte[] readExactly(int count) throws IOException {
        if (count > left()) {
            throw new EOFException(count + " bytes are named where " + left() + " are left");
        }
        byte[] bytes = new byte[count];
        int buffered = Math.min(count, buffer.remaining());
        buffer.get(bytes, 0, buffered);
        ByteBuffer rest = ByteBuffer.wrap(bytes, buffered, count - buffered);
        while (rest.hasRemaining()) {
            int read = channel.read(rest, position);
            if (read < 0) {
                throw new EOFException("was truncated while it was read");
            }
            position += read;
        }
        return bytes;
    }
}
