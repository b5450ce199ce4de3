package org.llava4j.data.parquet;

import java.io.IOException;

/**
 * Check of Parquet's hybrid of run-length encoding and bit packing, which encodes levels and indices into a dictionary.
 * Parquet's decoder allocates what the header of a run claims, so the headers are checked before.
 */
final class HybridRuns {
    private static final int GROUP = 8;
    private static final int MAX_WIDTH = 32;

    private final byte[] bytes;
    private int at;
    private final int end;

    private HybridRuns(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /**
     * Checks runs.
     *
     * @param from offset of the first run
     * @param end offset after the last run
     * @param width bits of a value
     * @param values maximum number of values
     * @throws IOException if a run has more values or bytes
     */
    static void require(byte[] bytes, int from, int end, int width, int values) throws IOException {
        if (width < 0 || width > MAX_WIDTH || from > end || end > bytes.length) {
            throw damaged();
        }
        new HybridRuns(bytes, from, end).require(width, values);
    }

    private void require(int width, int values) throws IOException {
        long seen = 0;
        while (at < end && seen < values) {
            long header = varint();
            long length = header >>> 1;
            boolean packed = (header & 1) == 1;
            long count = packed ? length * GROUP : length;
            long size = packed ? length * width : (width + GROUP - 1) / GROUP;
            if (count - (values - seen) >= GROUP || size > end - at) {
                throw damaged();
            }
            at += (int) size;
            seen += count;
        }
    }

    private long varint() throws IOException {
        long value = 0;
        for (int shift = 0; shift < MAX_WIDTH && at < end; shift += 7) {
            int next = bytes[at++];
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw damaged();
    }

    private static IOException damaged() {
        return new IOException("a page has malformed runs");
    }
}
