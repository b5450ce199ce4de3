package org.llava4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.Fingerprint;

/**
 * Indexed records and the computation of one result per record, such as a sample and its token ids, or a batch of
 * questions and their answers. Safe for use by several threads if it {@link #isParallel}.
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

    /** Whether several threads process records at the same time; if not, one record uses all cores. */
    default boolean isParallel() {
        return true;
    }

    /** Loads what {@link #process} needs, such as a model; {@link #process} does it if this was not called. */
    default void load() {}

    /**
     * Everything that the results depend on, by content: settings, and files other than those of {@link #contentHash}. Another
     * machine must open records of the same identity. Reads the files.
     */
    Fingerprint identity();

    /**
     * Hash of the contents that only the record at {@code index} depends on, such as images.
     *
     * @return the hash, or an empty text if there are none
     */
    default String contentHash(int index) {
        return "";
    }

    /** Files that the record at {@code index} reads and that no flag names, such as images. */
    default List<Path> files(int index) {
        return List.of();
    }

    @Override
    void close();
}
