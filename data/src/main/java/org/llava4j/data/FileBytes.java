package org.llava4j.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/** Bytes of an open file by their position, whole or not at all, to be read as little-endian numbers. */
public final class FileBytes {
    private FileBytes() {}

    /** @throws IOException also if the file ends before {@code length} bytes; the caller has looked at its size */
    public static ByteBuffer read(FileChannel channel, long position, int length) throws IOException {
        return fill(ByteBuffer.allocate(length), channel, position);
    }

    /** Fills what is left of {@code buffer} from {@code position} of the file on and turns it round for reading. */
    public static ByteBuffer fill(ByteBuffer buffer, FileChannel channel, long position) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("the file ends at byte " + (position + buffer.position()));
            }
        }
        return buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
    }
}
