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
 * Simulation of {@link org.llava4j.model.samediff.PooledMemory} for the operations of a step. An array is allocated
 * unless a free one has its shape, it is released after its last reader has run, and free arrays above the limit are
 * closed, whole shapes at a time.
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

    /**
     * Creates an empty pool.
     *
     * @param limitBytes of free arrays
     */
    PoolSimulation(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** Runs the operations that the graph's results depend on. Results stay in use until {@link #releaseAll}. */
    void run(StepGraph graph) {
        Set<StepArray> results = set(graph.results());
        List<StepOp> needed = needed(graph.ops(), results);
        Map<StepArray, Integer> readers = readers(needed);
        Map<StepArray, Integer> possibleReaders = readers(graph.ops());
        Set<StepArray> inUse = set(List.of());
        List<StepArray> keptUntilEnd = new ArrayList<>();
        for (StepOp op : needed) {
            for (StepArray array : op.outputs()) {
                resultBytes += results.contains(array) ? array.bytes() : 0;
                allocate(array.shape());
                inUse.add(array);
            }
            for (StepArray array : set(op.inputs())) {
                if (readers.merge(array, -1, Integer::sum) == 0 && inUse.contains(array) && !results.contains(array)) {
                    release(array);
                }
            }
            for (StepArray array : op.outputs()) {
                if (readers.containsKey(array) || results.contains(array)) {
                    continue;
                }
                // SameDiff keeps arrays that an operation outside of the run would read.
                if (possibleReaders.containsKey(array)) {
                    keptUntilEnd.add(array);
                } else {
                    release(array);
                }
            }
        }
        keptUntilEnd.forEach(this::release);
    }

    /** SameDiff runs only operations that the requested results depend on. */
    private static List<StepOp> needed(List<StepOp> ops, Set<StepArray> results) {
        Set<StepArray> requested = set(results);
        List<StepOp> needed = new ArrayList<>();
        for (int i = ops.size() - 1; i >= 0; i--) {
            StepOp op = ops.get(i);
            if (op.outputs().stream().anyMatch(requested::contains)) {
                requested.addAll(op.inputs());
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

    /** Releases results. */
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

    /** Peak bytes in use, without results. */
    long peakIntermediateBytes() {
        return peakIntermediateBytes;
    }

    /** Peak bytes in use. */
    long peakInUseBytes() {
        return peakInUseBytes;
    }

    /** Peak bytes in use and free together. */
    long peakBytes() {
        return peakBytes;
    }
}
