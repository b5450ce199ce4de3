package org.llava4j.data.cli;

import java.nio.file.Path;
import java.util.List;

/**
 * Numbered records, each of which gives a result by itself. Several threads may ask.
 *
 * @param <R> what a record gives; to be computed on other machines it must be serializable
 */
public interface RecordProcessor<R> extends AutoCloseable {
    /** What they are called where progress is told. */
    String unit();

    int size();

    /** What record {@code number} gives, 0..size-1. */
    R process(int number);

    /** Files that are read for a record and were not named by a flag: pictures. */
    default List<Path> files(int number) {
        return List.of();
    }

    @Override
    void close();
}
