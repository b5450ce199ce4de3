package org.llava4j.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/** Positional reads of an open file: all requested bytes or an exception, in little-endian buffers. */
public final class FileBytes {
    private FileBytes() {}

    /**
     * Reads {@code length} bytes from {@code position}.
     *
     * @throws IOException also if the file ends before {@code length} bytes; callers check its size first
     */
    public static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        return fill(ByteBuffer.allocate(length), channel, position);
    }

    /**
     * Fills the remaining space of {@code buffer} with bytes from {@code position} of the file, and flips the buffer
     * for reading.
     */
    public static ByteBuffer fill(ByteBuffer buffer, FileChannel channel, long position) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("the file ends at byte " + (position + buffer.position()));
            }
        }
        return buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
    }
}
