package org.llava4j.cli;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * The results of all records in order. They are computed chunk by chunk, so that memory does not grow with the number
 * of records. Progress is printed.
 */
final class OrderedResults<R> implements Iterator<R> {
    private final int size;
    private final int chunkSize;
    private final BiConsumer<List<Integer>, RecordExecutor.ResultHandler<R>> executor;
    private final ProgressLogger progress;
    private final Queue<R> ready = new ArrayDeque<>();
    private int next;

    /**
     * @param chunkSize number of records per chunk
     * @param executor processes the records of the given indices
     */
    OrderedResults(
            RecordProcessor<R> records,
            int chunkSize,
            BiConsumer<List<Integer>, RecordExecutor.ResultHandler<R>> executor) {
        this.size = records.size();
        this.chunkSize = chunkSize;
        this.executor = executor;
        this.progress = new ProgressLogger(records.unit(), size);
    }

    @Override
    public boolean hasNext() {
        return !ready.isEmpty() || next < size;
    }

    @Override
    public R next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        if (ready.isEmpty()) {
            int end = Math.min(size, next + chunkSize);
            TreeMap<Integer, R> chunk = new TreeMap<>();
            executor.accept(IntStream.range(next, end).boxed().toList(), chunk::put);
            ready.addAll(chunk.values());
            progress.add(end - next);
            next = end;
        }
        return ready.remove();
    }
}
