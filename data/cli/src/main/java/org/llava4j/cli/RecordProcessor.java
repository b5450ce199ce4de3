package org.llava4j.cli;

import java.nio.file.Path;
import java.util.List;

/**
 * Indexed records and the computation of one result per record. Safe for use by several threads.
 *
 * @param <R> result of one record; must be serializable if it is computed on other machines
 */
public interface RecordProcessor<R> extends AutoCloseable {
    /** Name of the records in progress messages. */
    String unit();

    /** Number of records. */
    int size();

    /** Computes the result of the record at {@code index}, 0..size-1. */
    R process(int index);

    /** Files that the record at {@code index} reads and that no flag names, such as images. */
    default List<Path> files(int index) {
        return List.of();
    }

    @Override
    void close();
}
