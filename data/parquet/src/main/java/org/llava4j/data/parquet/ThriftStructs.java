package org.llava4j.data.parquet;

import java.io.IOException;
import java.io.InputStream;
import shaded.parquet.org.apache.thrift.TBase;
import shaded.parquet.org.apache.thrift.TConfiguration;
import shaded.parquet.org.apache.thrift.TException;
import shaded.parquet.org.apache.thrift.protocol.TCompactProtocol;
import shaded.parquet.org.apache.thrift.transport.TIOStreamTransport;

/**
 * Reader of Thrift structures with a limit of their size. Parquet's own method has a limit of 100 MB for each list and
 * text, so that a few bytes could claim a gigabyte.
 */
final class ThriftStructs {
    private static final int MAX_DEPTH = 32;

    private ThriftStructs() {}

    /**
     * Reads a structure from a stream.
     *
     * @param maxBytes maximum number of bytes of the structure
     * @throws IOException if it is malformed or exceeds the limit
     */
    static void read(TBase<?, ?> struct, InputStream in, int maxBytes) throws IOException {
        try {
            struct.read(new TCompactProtocol(
                    new TIOStreamTransport(new TConfiguration(maxBytes, maxBytes, MAX_DEPTH), in), maxBytes, maxBytes));
        } catch (TException | RuntimeException e) {
            throw new IOException("its metadata is malformed (" + e.getMessage() + ")", e);
        }
    }
}
