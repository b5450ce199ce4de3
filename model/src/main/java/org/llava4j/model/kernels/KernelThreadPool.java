package org.llava4j.model.kernels;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A few threads that share the pieces of one kernel: the caller works too and returns when every piece is done. How
 * work is cut does not depend on who takes which piece, so results are the same from run to run.
 *
 * <p>One kernel at a time: a second caller, or a kernel called from inside a piece, works alone on its own thread.
 */
final class KernelThreadPool implements AutoCloseable {
    /** Turns of waiting awake before a thread sleeps: some 20 us, about what waking it again costs. */
    private static final int SPINS = 500;

    private final List<Worker> workers = new ArrayList<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile ParallelLoop current;
    private long loopCount; // written by whoever holds busy
    private volatile boolean closed;

    /** @param threads how many work at once, the caller included; at least 1 */
    KernelThreadPool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1 but is " + threads);
        }
        for (int i = 1; i < threads; i++) {
            workers.add(new Worker("llava4j-kernels-" + i));
        }
        workers.forEach(Thread::start);
    }

    /** Threads that work at once, the caller included. */
    int threads() {
        return workers.size() + 1;
    }

    /** Work on the range [from, to). */
    interface RangeTask {
        void run(int from, int to);
    }

    /** Cuts [0, count) into pieces of {@code grain} and runs them; returns when all are done. */
    void parallelFor(int count, int grain, RangeTask piece) {
        int pieces = (count + grain - 1) / grain;
        if (pieces <= 1 || workers.isEmpty() || !busy.compareAndSet(false, true)) {
            for (int from = 0; from < count; from += grain) {
                piece.run(from, Math.min(count, from + grain));
            }
        } else {
            try {
                runInParallel(new ParallelLoop(++loopCount, count, grain, pieces, piece));
            } finally {
                busy.set(false);
            }
        }
        // The piece holds the arrays whose addresses are worked on: they must not be freed before this line.
        Reference.reachabilityFence(piece);
    }

    private void runInParallel(ParallelLoop batch) {
        current = batch;
        for (Worker helper : workers) {
            helper.wake();
        }
        batch.work();
        batch.await();
        current = null;
        batch.rethrow();
    }

    @Override
    public void close() {
        closed = true;
        workers.forEach(LockSupport::unpark);
    }

    /** The pieces of one kernel and how far they are. */
    private static final class ParallelLoop {
        private final long number;
        private final int count;
        private final int grain;
        private final int taskCount;
        private final RangeTask task;
        private final Thread caller = Thread.currentThread();
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        ParallelLoop(long number, int count, int grain, int pieces, RangeTask piece) {
            this.number = number;
            this.count = count;
            this.grain = grain;
            this.taskCount = pieces;
            this.task = piece;
        }

        void work() {
            int i;
            while ((i = next.getAndIncrement()) < taskCount) {
                try {
                    int from = i * grain;
                    task.run(from, Math.min(count, from + grain));
                } catch (Throwable problem) {
                    failure.compareAndSet(null, problem);
                } finally {
                    if (done.incrementAndGet() == taskCount) {
                        LockSupport.unpark(caller);
                    }
                }
            }
        }

        void await() {
            for (int spin = 0; done.get() < taskCount; spin++) {
                if (spin < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
        }

        void rethrow() {
            Throwable problem = failure.get();
            if (problem instanceof RuntimeException runtime) {
                throw runtime;
            }
            if (problem instanceof Error error) {
                throw error;
            }
        }
    }

    private final class Worker extends Thread {
        private volatile boolean asleep;

        Worker(String name) {
            super(name);
            setDaemon(true);
        }

        void wake() {
            if (asleep) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            // The number of the last batch, not the batch: that would keep its arrays alive.
            long last = 0;
            int spin = 0;
            while (!closed) {
                ParallelLoop batch = current;
                if (batch != null && batch.number != last) {
                    batch.work();
                    last = batch.number;
                    spin = 0;
                } else if (spin++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parkUntilNextLoop(last);
                }
            }
        }

        private void parkUntilNextLoop(long last) {
            asleep = true;
            // Looked at again after the flag is up: a batch published in between would wake nobody.
            ParallelLoop batch = current;
            if (!closed && (batch == null || batch.number == last)) {
                LockSupport.park(KernelThreadPool.this);
            }
            asleep = false;
        }
    }
}
