package org.llava4j.data.image;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Image stream over bytes in memory, which counts as the decoder's progress: each read runs a check that may end
 * decoding with an exception. Reads are short, so that a decoder that does much work per byte is stopped soon. A
 * decoder that goes on reading after the end is stopped too: that of lossless WebP ignores the end and decodes the same
 * bits for as many symbols as the header announces. The length is known, so that decoders can validate offsets.
 */
final class ByteArrayImageInput extends ImageInputStreamImpl {
    /** The shortest scan of a progressive JPEG is about as long. */
    private static final int MAX_READ = 256;

    /** Decoders look for the end, and for what may follow it. */
    private static final int MAX_READS_AFTER_END = 1000;

    private final byte[] bytes;
    private final Runnable check;
    private int untilCheck = 1;
    private int readsAfterEnd;

    ByteArrayImageInput(byte[] bytes, Runnable check) {
        this.bytes = bytes;
        this.check = check;
    }

    @Override
    public int read() throws IOException {
        count(1);
        bitOffset = 0;
        return streamPos >= bytes.length ? afterEnd() : bytes[(int) streamPos++] & 0xff;
    }

    private int afterEnd() throws IOException {
        if (++readsAfterEnd > MAX_READS_AFTER_END) {
            throw new TruncatedImageException();
        }
        return -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        bitOffset = 0;
        if (streamPos >= bytes.length) {
            return afterEnd();
        }
        int count = (int) Math.min(Math.min(length, MAX_READ), bytes.length - streamPos);
        count(count);
        System.arraycopy(bytes, (int) streamPos, into, offset, count);
        streamPos += count;
        return count;
    }

    private void count(int read) {
        untilCheck -= read;
        if (untilCheck <= 0) {
            untilCheck = MAX_READ;
            check.run();
        }
    }

    @Override
    public long length() {
        return bytes.length;
    }
}
