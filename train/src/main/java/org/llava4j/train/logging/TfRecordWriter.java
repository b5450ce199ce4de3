package org.llava4j.train.logging;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** Writer of TFRecord files: length (64 bits) with checksum, data with checksum. */
final class TfRecordWriter implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;

    private final OutputStream out;

    private TfRecordWriter(OutputStream out) {
        this.out = out;
    }

    /**
     * @throws java.nio.file.FileAlreadyExistsException if the file exists
     */
    static TfRecordWriter create(Path file) throws IOException {
        return new TfRecordWriter(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /** Writes a record with one call, so that readers of a growing file rarely see an incomplete one. */
    void write(byte[] record) throws IOException {
        ByteBuffer framed = ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + record.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        framed.putLong(record.length);
        framed.putInt(maskedCrc(framed.array(), Long.BYTES));
        framed.put(record);
        framed.putInt(maskedCrc(record, record.length));
        out.write(framed.array());
    }

    /** Masked CRC32C of the TFRecord format, which rotates the checksum and adds a constant. */
    private static int maskedCrc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
