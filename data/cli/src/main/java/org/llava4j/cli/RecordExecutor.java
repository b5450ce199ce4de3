package org.llava4j.cli;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;

/** Executor of a {@link RecordCommand}: this process or a cluster. */
public interface RecordExecutor {
    /** Processes records in this process: with all cores at once, or one after another. */
    RecordExecutor LOCAL = new RecordExecutor() {
        @Override
        public int chunkSize() {
            return 1024;
        }

        @Override
        public void prepare(RecordProcessor<?> records) {
            records.load();
        }

        @Override
        public <R> void process(
                CommandLine line, RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult) {
            processLocally(records, indices, onResult);
        }
    };

    /** The results of all records in order, computed in this process; progress is printed. */
    static <R> Iterator<R> runLocally(RecordProcessor<R> records) {
        return new OrderedResults<>(
                records, LOCAL.chunkSize(), (indices, onResult) -> processLocally(records, indices, onResult));
    }

    private static <R> void processLocally(
            RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult) {
        if (records.isParallel()) {
            List<R> results = indices.parallelStream().map(records::process).toList();
            IntStream.range(0, results.size()).forEach(i -> onResult.accept(indices.get(i), results.get(i)));
        } else {
            indices.forEach(index -> onResult.accept(index, records.process(index)));
        }
    }

    /** Receives results, one call at a time. */
    @FunctionalInterface
    interface ResultHandler<R> {
        void accept(int index, R result);
    }

    /** Number of records whose results fit into memory together. */
    int chunkSize();

    /** Loads what this process needs for {@link #process}. */
    default void prepare(RecordProcessor<?> records) {}

    /**
     * Processes records.
     *
     * @param line flags of the command, from which other processes can open the same records
     * @param indices indices of the records to process
     * @param onResult receives each result as soon as it arrives, in any order
     * @param <R> result of one record
     */
    <R> void process(CommandLine line, RecordProcessor<R> records, List<Integer> indices, ResultHandler<R> onResult);
}
