package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@link org.llava4j.model.samediff.PooledMemory} would hand out if operations ran: an array is made unless one of
 * its shape is free, it is given back when its last reader has run, and free arrays beyond the limit are closed, whole
 * shapes at a time.
 */
final class PoolSimulation {
    private final long limitBytes;
    private final Map<List<Long>, Integer> free = new LinkedHashMap<>(64, 0.75f, true);
    private long freeBytes;
    private long inUseBytes;
    private long peakInUseBytes;
    private long peakBytes;
    private long resultBytes;
    private long peakIntermediateBytes;

    /** @param limitBytes of free arrays */
    PoolSimulation(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** Runs what is needed for the results that are wanted; they stay lent until {@link #releaseAll}. */
    void run(StepGraph graph) {
        Set<StepArray> wanted = set(graph.results());
        List<StepOp> needed = needed(graph.ops(), wanted);
        Map<StepArray, Integer> readers = readers(needed);
        Map<StepArray, Integer> possibleReaders = readers(graph.ops());
        Set<StepArray> lent = set(List.of());
        List<StepArray> untilTheEnd = new ArrayList<>();
        for (StepOp op : needed) {
            for (StepArray array : op.outputs()) {
                resultBytes += wanted.contains(array) ? array.bytes() : 0;
                allocate(array.shape());
                lent.add(array);
            }
            for (StepArray array : set(op.inputs())) {
                if (readers.merge(array, -1, Integer::sum) == 0 && lent.contains(array) && !wanted.contains(array)) {
                    release(array);
                }
            }
            for (StepArray array : op.outputs()) {
                if (readers.containsKey(array) || wanted.contains(array)) {
                    continue;
                }
                // SameDiff keeps what an operation outside of the run would read.
                if (possibleReaders.containsKey(array)) {
                    untilTheEnd.add(array);
                } else {
                    release(array);
                }
            }
        }
        untilTheEnd.forEach(this::release);
    }

    /** SameDiff runs only what leads to what is asked for. */
    private static List<StepOp> needed(List<StepOp> ops, Set<StepArray> wanted) {
        Set<StepArray> asked = set(wanted);
        List<StepOp> needed = new ArrayList<>();
        for (int i = ops.size() - 1; i >= 0; i--) {
            StepOp op = ops.get(i);
            if (op.outputs().stream().anyMatch(asked::contains)) {
                asked.addAll(op.inputs());
                needed.add(op);
            }
        }
        Collections.reverse(needed);
        return needed;
    }

    private static Map<StepArray, Integer> readers(List<StepOp> ops) {
        Map<StepArray, Integer> readers = new HashMap<>();
        for (StepOp op : ops) {
            set(op.inputs()).forEach(array -> readers.merge(array, 1, Integer::sum));
        }
        return readers;
    }

    private static Set<StepArray> set(Iterable<StepArray> arrays) {
        Set<StepArray> set = Collections.newSetFromMap(new IdentityHashMap<>());
        arrays.forEach(set::add);
        return set;
    }

    private void allocate(List<Long> shape) {
        long bytes = StepArray.bytes(shape);
        Integer count = free.get(shape);
        if (count != null && count > 0) {
            free.put(shape, count - 1);
            freeBytes -= bytes;
        }
        inUseBytes += bytes;
        peakInUseBytes = Math.max(peakInUseBytes, inUseBytes);
        peakBytes = Math.max(peakBytes, inUseBytes + freeBytes);
        peakIntermediateBytes = Math.max(peakIntermediateBytes, inUseBytes - resultBytes);
    }

    /** Takes results back. */
    void releaseAll(List<StepArray> results) {
        for (StepArray result : results) {
            resultBytes -= result.bytes();
            release(result);
        }
    }

    private void release(StepArray array) {
        inUseBytes -= array.bytes();
        freeBytes += array.bytes();
        free.merge(array.shape(), 1, Integer::sum);
        if (freeBytes > limitBytes) {
            shrink();
        }
    }

    private void shrink() {
        var entries = free.entrySet().iterator();
        while (freeBytes > limitBytes / 2 && entries.hasNext()) {
            var entry = entries.next();
            freeBytes -= entry.getValue() * StepArray.bytes(entry.getKey());
            entries.remove();
        }
    }

    /** The most bytes that were lent at one time, those of results left out. */
    long peakIntermediateBytes() {
        return peakIntermediateBytes;
    }

    /** The most bytes that were lent at one time. */
    long peakInUseBytes() {
        return peakInUseBytes;
    }

    /** The most bytes that were lent and free at one time. */
    long peakBytes() {
        return peakBytes;
    }
}
