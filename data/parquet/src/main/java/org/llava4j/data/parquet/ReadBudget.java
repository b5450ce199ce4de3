package org.llava4j.data.parquet;

import org.llava4j.data.BadInputException;

/**
 * Limit of what the rows of a file may contain. Dictionaries and run lengths let a few bytes claim billions of values,
 * so the total is limited in proportion to the size of the file, and each row on its own.
 */
final class ReadBudget {
    private static final int MAX_ROW_VALUES = 1_000_000;
    private static final long MAX_ROW_BYTES = 256L << 20;
    /** What any file may contain, and what each of its bytes may add. */
    private static final long FREE_VALUES = 1_000_000;

    private static final long FREE_BYTES = 256L << 20;
    private static final long VALUES_PER_BYTE = 50;
    private static final long BYTES_PER_BYTE = 500;

    private long values;
    private long bytes;
    private long rowValues;
    private long rowBytes;

    /** @param fileBytes size of the file */
    ReadBudget(long fileBytes) {
        values = FREE_VALUES + fileBytes * VALUES_PER_BYTE;
        bytes = FREE_BYTES + fileBytes * BYTES_PER_BYTE;
    }

    /** Starts a row. */
    void row() {
        rowValues = 0;
        rowBytes = 0;
        add(0);
    }

    /**
     * Counts a value.
     *
     * @param size size of a text or of bytes, else 0
     * @throws BadInputException if the row or the file has too much
     */
    void add(int size) {
        rowValues++;
        rowBytes += size;
        values--;
        bytes -= size;
        if (rowValues > MAX_ROW_VALUES || rowBytes > MAX_ROW_BYTES) {
            throw new BadInputException(
                    "has more than " + MAX_ROW_VALUES + " values or " + (MAX_ROW_BYTES >> 20) + " MB; split the row");
        }
        if (values < 0 || bytes < 0) {
            throw new BadInputException("has far more content than bytes; download it again");
        }
    }
}
