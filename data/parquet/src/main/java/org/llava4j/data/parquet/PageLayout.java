package org.llava4j.data.parquet;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.llava4j.data.BadInputException;

/** Check of a decompressed page: repetition levels, definition levels and values, each within its bytes. */
final class PageLayout {
    /** A page of 2^20 rows with 16 list elements each. */
    private static final int MAX_VALUES = 1 << 24;

    private final int repetitionWidth;
    private final int definitionWidth;

    PageLayout(ColumnDescriptor column) {
        repetitionWidth = width(column.getMaxRepetitionLevel());
        definitionWidth = width(column.getMaxDefinitionLevel());
    }

    private static int width(int maxLevel) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(maxLevel);
    }

    /** Checks a page of version 1, whose levels have their length in front. */
    void requireV1(byte[] page, int values, Encoding repetition, Encoding definition, Encoding encoding)
            throws IOException {
        requireValues(values);
        int at = lengthPrefixed(page, 0, repetitionWidth, repetition, values);
        at = lengthPrefixed(page, at, definitionWidth, definition, values);
        requireData(page, at, values, encoding);
    }

    /** Checks a page of version 2, whose levels have their length in its header. */
    void requireV2(byte[] levels, int repetition, int definition, byte[] data, int values, Encoding encoding)
            throws IOException {
        requireValues(values);
        HybridRuns.require(levels, 0, repetition, repetitionWidth, values);
        HybridRuns.require(levels, repetition, repetition + definition, definitionWidth, values);
        requireData(data, 0, values, encoding);
    }

    private static void requireValues(int values) throws IOException {
        if (values < 0 || values > MAX_VALUES) {
            throw new IOException("a page claims " + values + " values");
        }
    }

    /** Checks levels and returns the offset after them. */
    private static int lengthPrefixed(byte[] page, int from, int width, Encoding encoding, int values)
            throws IOException {
        if (width == 0) {
            return from;
        }
        if (encoding != Encoding.RLE) {
            throw new BadInputException("has levels in the encoding " + encoding + "; write it with a newer library");
        }
        int start = from + Integer.BYTES;
        int length = start > page.length
                ? -1
                : ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).getInt(from);
        if (length < 0 || length > page.length - start) {
            throw new IOException("a page has levels outside of its bytes");
        }
        HybridRuns.require(page, start, start + length, width, values);
        return start + length;
    }

    private static void requireData(byte[] page, int from, int values, Encoding encoding) throws IOException {
        if (encoding.usesDictionary() && from < page.length) {
            HybridRuns.require(page, from + 1, page.length, page[from], values);
        } else if (encoding == Encoding.RLE) { // of booleans, with their length in front
            lengthPrefixed(page, from, 1, encoding, values);
        }
    }
}
