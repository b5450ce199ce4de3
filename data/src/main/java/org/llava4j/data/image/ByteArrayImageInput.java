package org.llava4j.data.image;

import javax.imageio.stream.ImageInputStreamImpl;

/**
 * Image stream over bytes in memory, which counts as the decoder's progress: each read runs a check that may end
 * decoding with an exception. Reads are short, so that a decoder that does much work per byte is stopped soon. The
 * length is known, so that decoders can validate offsets.
 */
final class ByteArrayImageInput extends ImageInputStreamImpl {
    /** The shortest scan of a progressive JPEG is about as long. */
    private static final int MAX_READ = 256;

    private final byte[] bytes;
    private final Runnable check;
    private int untilCheck = 1;

    ByteArrayImageInput(byte[] bytes, Runnable check) {
        this.bytes = bytes;
        this.check = check;
    }

    @Override
    public int read() {
        count(1);
        bitOffset = 0;
        return streamPos >= bytes.length ? -1 : bytes[(int) streamPos++] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        bitOffset = 0;
        if (streamPos >= bytes.length) {
            return -1;
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
