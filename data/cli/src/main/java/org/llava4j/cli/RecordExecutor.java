package org.llava4j.cli;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;

/** Executor of a {@link RecordCommand}: local threads or a cluster. */
public interface RecordExecutor {
    /** Processes records with the local processors. */
    RecordExecutor LOCAL = new RecordExecutor() {
        @Override
        public <R> Iterator<R> results(RecordCommand<R> command, CommandLine line, RecordProcessor<R> records) {
            return runLocally(records);
        }
    };

    /** Processes records with the local processors. */
    static <R> Iterator<R> runLocally(RecordProcessor<R> records) {
        return new ChunkedResults<>(records, 1024) {
            @Override
            protected List<R> processChunk(int begin, int end) {
                return IntStream.range(begin, end)
                        .parallel()
                        .mapToObj(records::process)
                        .toList();
            }
        };
    }

    /**
     * The results of all records in order.
     *
     * @param command the command
     * @param line flags of the command, from which other processes can open the same records
     * @param records the records
     */
    <R> Iterator<R> results(RecordCommand<R> command, CommandLine line, RecordProcessor<R> records);

    /**
     * Ordered results that are computed chunk by chunk, so that memory does not grow with the number of records.
     * Progress is printed.
     */
    abstract class ChunkedResults<R> implements Iterator<R> {
        private final int size;
        private final int chunkSize;
        private final ProgressLogger progress;
        private final Queue<R> ready = new ArrayDeque<>();
        private int next;

        /**
         * @param records the records
         * @param chunkSize number of records per chunk
         */
        protected ChunkedResults(RecordProcessor<?> records, int chunkSize) {
            this.size = records.size();
            this.chunkSize = chunkSize;
            this.progress = new ProgressLogger(records.unit(), size);
        }

        /** Computes the results of records {@code begin} (inclusive) to {@code end} (exclusive). */
        protected abstract List<R> processChunk(int begin, int end);

        @Override
        public boolean hasNext() {
            return !ready.isEmpty() || next < size;
        }

        @Override
        public R next() {
            if (ready.isEmpty()) {
                if (next >= size) {
                    throw new NoSuchElementException();
                }
                int end = Math.min(size, next + chunkSize);
                ready.addAll(processChunk(next, end));
                progress.add(end - next);
                next = end;
            }
            return ready.remove();
        }
    }
}
