package org.llava4j.data.cli;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.stream.IntStream;
import org.apache.commons.cli.CommandLine;

/** Where the records of a goal are worked on. */
public interface RecordPlace {
    /** On this machine's processors. */
    RecordPlace HERE = new RecordPlace() {
        @Override
        public <R> Iterator<R> results(RecordGoal<R> goal, CommandLine line, Records<R> records) {
            return here(records);
        }
    };

    /** On this machine's processors, whoever asks. */
    static <R> Iterator<R> here(Records<R> records) {
        return new Waves<>(records, 1024) {
            @Override
            protected List<R> wave(int begin, int end) {
                return IntStream.range(begin, end)
                        .parallel()
                        .mapToObj(records::of)
                        .toList();
            }
        };
    }

    /**
     * The results of all records, in their order.
     *
     * @param line the goal's flags, from which others can open the same records
     */
    <R> Iterator<R> results(RecordGoal<R> goal, CommandLine line, Records<R> records);

    /** Results in order, so many at a time, so that memory does not grow with their number; progress is told. */
    abstract class Waves<R> implements Iterator<R> {
        private final int size;
        private final int atOnce;
        private final ProgressOfWork progress;
        private final Queue<R> ready = new ArrayDeque<>();
        private int next;

        protected Waves(Records<?> records, int atOnce) {
            this.size = records.size();
            this.atOnce = atOnce;
            this.progress = new ProgressOfWork(records.what(), size);
        }

        /** The results of the records from {@code begin} up to but not {@code end}. */
        protected abstract List<R> wave(int begin, int end);

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
                int end = Math.min(size, next + atOnce);
                ready.addAll(wave(next, end));
                progress.add(end - next);
                next = end;
            }
            return ready.remove();
        }
    }
}
