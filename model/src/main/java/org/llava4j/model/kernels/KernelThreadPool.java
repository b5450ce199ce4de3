package org.llava4j.model.kernels;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Thread pool for kernels with a parallel for loop. The calling thread takes part and returns when all tasks are done.
 * The split into tasks does not depend on which thread runs them, so results are identical from run to run.
 *
 * <p>Only one loop runs at a time: a second caller, or a loop started inside a task, runs on its own thread alone.
 */
final class KernelThreadPool implements AutoCloseable {
    /**
     * Spins before a thread parks: about 200 us, longer than the gaps between the products of a decode step. Waking a
     * thread costs 20 us and more.
     */
    private static final int SPINS = 5000;

    private final List<Worker> workers = new ArrayList<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile @Nullable ParallelLoop current;
    private long loopCount; // guarded by busy
    private volatile boolean closed;

    /** Starts a thread per processor, or {@code -Dllava4j.threads} threads. */
    KernelThreadPool() {
        this(Integer.getInteger("llava4j.threads", Runtime.getRuntime().availableProcessors()));
    }

    /**
     * Starts the worker threads.
     *
     * @param threads number of threads including the caller; at least 1
     */
    KernelThreadPool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1 but is " + threads);
        }
        for (int i = 1; i < threads; i++) {
            workers.add(new Worker("llava4j-kernels-" + i));
        }
        workers.forEach(Thread::start);
    }

    /** Number of threads, including the caller. */
    int threads() {
        return workers.size() + 1;
    }

    /** A task on the range [from, to). */
    interface RangeTask {
        void run(int from, int to);
    }

    /** Splits [0, count) into ranges of {@code grain} and runs the task on each; returns when all are done. */
    void parallelFor(int count, int grain, RangeTask task) {
        int tasks = (count + grain - 1) / grain;
        if (tasks <= 1 || workers.isEmpty() || !busy.compareAndSet(false, true)) {
            for (int from = 0; from < count; from += grain) {
                task.run(from, Math.min(count, from + grain));
            }
        } else {
            try {
                runInParallel(new ParallelLoop(++loopCount, count, grain, tasks, task));
            } finally {
                busy.set(false);
            }
        }
        // The task references the arrays whose addresses it uses: they must not be freed before this line.
        Reference.reachabilityFence(task);
    }

    private void runInParallel(ParallelLoop loop) {
        current = loop;
        for (Worker worker : workers) {
            worker.wake();
        }
        loop.work();
        loop.await();
        current = null;
        loop.rethrow();
    }

    @Override
    public void close() {
        closed = true;
        workers.forEach(LockSupport::unpark);
    }

    /** One parallel loop and its progress. */
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

        ParallelLoop(long number, int count, int grain, int taskCount, RangeTask task) {
            this.number = number;
            this.count = count;
            this.grain = grain;
            this.taskCount = taskCount;
            this.task = task;
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
            // Only the number of the last loop, because a reference to the loop would keep its arrays alive.
            long last = 0;
            int spin = 0;
            while (!closed) {
                ParallelLoop loop = current;
                if (loop != null && loop.number != last) {
                    loop.work();
                    last = loop.number;
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
            // Checked again after the flag is set: a loop published in between would not wake this thread.
            ParallelLoop loop = current;
            if (!closed && (loop == null || loop.number == last)) {
                LockSupport.park(KernelThreadPool.this);
            }
            asleep = false;
        }
    }
}
