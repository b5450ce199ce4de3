package org.llava4j.model.kernels;

/**
 * Attention divided into tasks: each has one head of one sequence and a range of its queries. A task copies the head's
 * keys and values, so a range is as long as the threads' balance allows.
 *
 * @param heads number of heads of all sequences
 * @param rows number of queries of a task; the last of a head has fewer
 * @param ranges number of tasks of a head
 */
record QueryTasks(int heads, int rows, int ranges) {
    /** A range is a multiple of this. */
    private static final int MIN_ROWS = 96;

    private static final int TASKS_PER_THREAD = 4;
    /** Multiplications that a call of the pool should have at least; below that, scheduling it costs more. */
    private static final long MIN_WORK = 1 << 18;

    static QueryTasks of(int queries, int heads, KernelThreadPool pool) {
        int wanted = (TASKS_PER_THREAD * pool.threads() + heads - 1) / heads;
        int blocks = (queries + MIN_ROWS - 1) / MIN_ROWS;
        int rows = Math.min((blocks + wanted - 1) / wanted * MIN_ROWS, queries);
        return new QueryTasks(heads, rows, (queries + rows - 1) / rows);
    }

    int count() {
        return ranges * heads;
    }

    /** Tasks that one thread takes at once: one, unless they are small. */
    int grain(long multiplicationsPerQuery) {
        long perTask = Math.max(1, rows * multiplicationsPerQuery);
        return (int) Math.max(1, Math.min(MIN_WORK / perTask, count()));
    }

    /** Last queries first: with a causal mask they take longest, which balances the threads. */
    int row(int task) {
        return (ranges - 1 - task / heads) * rows;
    }

    int head(int task) {
        return task % heads;
    }
}
