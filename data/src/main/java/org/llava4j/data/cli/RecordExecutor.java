package org.llava4j.data.cli;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;

/** Where the records of a goal are worked on. */
public interface RecordExecutor {
    /** On this machine's processors. */
    RecordExecutor LOCAL = new RecordExecutor() {
        @Override
        public <R> Iterator<R> results(RecordCommand<R> goal, CommandLine line, RecordProcessor<R> records) {
            return runLocally(records);
        }
    };

    /** On this machine's processors, whoever asks. */
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
     * The results of all records, in their order.
     *
     * @param line the goal's flags, from which others can open the same records
     */
    <R> Iterator<R> results(RecordCommand<R> goal, CommandLine line, RecordProcessor<R> records);

    /** Results in order, so many at a time, so that memory does not grow with their number; progress is told. */
    abstract class ChunkedResults<R> implements Iterator<R> {
        private final int size;
        private final int chunkSize;
        private final ProgressLogger progress;
        private final Queue<R> ready = new ArrayDeque<>();
        private int next;

        protected ChunkedResults(RecordProcessor<?> records, int atOnce) {
            this.size = records.size();
            this.chunkSize = atOnce;
            this.progress = new ProgressLogger(records.unit(), size);
        }

        /** The results of the records from {@code begin} up to but not {@code end}. */
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
