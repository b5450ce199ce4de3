package org.llava4j.data.parquet;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.snappy.SnappyCompressorInputStream;
import org.apache.parquet.format.CompressionCodec;
import org.llava4j.data.BadInputException;

/** Decompressor of pages. It refuses sizes that no page of data reaches before it allocates memory. */
final class PageCodec {
    /** Maximum size of a page. A page of 1000 large images has 100 to 500 MB. */
    private static final int MAX_BYTES = 1 << 30;
    /** Pages of this size may have any compression ratio. */
    private static final int SMALL_BYTES = 16 << 20;
    /** Maximum compression ratio of larger pages; images have about 1, texts at most 20. */
    private static final int MAX_RATIO = 200;
    /** Encoders of Snappy refer back at most this far. */
    private static final int SNAPPY_WINDOW = 1 << 16;

    private final CompressionCodec codec;

    /**
     * Creates a decompressor.
     *
     * @throws BadInputException if the codec is not supported
     */
    PageCodec(CompressionCodec codec) {
        this.codec = codec;
        switch (codec) {
            case UNCOMPRESSED, SNAPPY, GZIP, ZSTD -> {}
            default ->
                throw new BadInputException(
                        "is compressed with " + codec + "; write it with snappy, zstd, gzip or no compression");
        }
    }

    /**
     * Checks the sizes that a page header names.
     *
     * @throws BadInputException if a size is negative or implausible
     */
    static void requireSizes(long compressed, long uncompressed) {
        if (compressed < 0 || uncompressed < 0) {
            throw new BadInputException("has a page of negative size; download it again");
        }
        if (uncompressed > MAX_BYTES || (uncompressed > SMALL_BYTES && uncompressed / MAX_RATIO > compressed)) {
            throw new BadInputException("has a page of " + compressed + " bytes that claims " + uncompressed
                    + " bytes of content; write it with smaller pages");
        }
    }

    /**
     * Decompresses a part of a page.
     *
     * @param size size of the result, in bytes; see {@link #requireSizes}
     * @throws IOException if the bytes are damaged or have another size
     */
    byte[] decompress(byte[] page, int offset, int length, int size) throws IOException {
        if (size == 0 && length == 0) {
            return new byte[0];
        }
        InputStream in = new ByteArrayInputStream(page, offset, length);
        return switch (codec) {
            case SNAPPY -> exactly(new SnappyCompressorInputStream(in, SNAPPY_WINDOW), size);
            case GZIP -> exactly(new GZIPInputStream(in, SNAPPY_WINDOW), size);
            case ZSTD -> zstd(page, offset, length, size);
            default -> exactly(in, size);
        };
    }

    private static byte[] exactly(InputStream stream, int size) throws IOException {
        try (InputStream in = stream) {
            byte[] bytes = new byte[size];
            if (in.readNBytes(bytes, 0, size) < size || in.read() >= 0) {
                throw otherSize();
            }
            return bytes;
        }
    }

    private static byte[] zstd(byte[] page, int offset, int length, int size) throws IOException {
        byte[] bytes = new byte[size];
        long result = Zstd.decompressByteArray(bytes, 0, size, page, offset, length);
        if (Zstd.isError(result)) {
            throw new IOException("a page is damaged (" + Zstd.getErrorName(result) + ")");
        }
        if (result != size) {
            throw otherSize();
        }
        return bytes;
    }

    private static IOException otherSize() {
        return new IOException("a page has another size than its header says");
    }
}
