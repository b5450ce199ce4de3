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
final class Workers implements AutoCloseable {
    /** Turns of waiting awake before a thread sleeps: some 20 us, about what waking it again costs. */
    private static final int SPINS = 500;

    private final List<Helper> helpers = new ArrayList<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile Batch current;
    private long batches; // written by whoever holds busy
    private volatile boolean closed;

    /** @param threads how many work at once, the caller included; at least 1 */
    Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1 but is " + threads);
        }
        for (int i = 1; i < threads; i++) {
            helpers.add(new Helper("llava4j-kernels-" + i));
        }
        helpers.forEach(Thread::start);
    }

    /** Threads that work at once, the caller included. */
    int threads() {
        return helpers.size() + 1;
    }

    /** Work on the range [from, to). */
    interface Piece {
        void run(int from, int to);
    }

    /** Cuts [0, count) into pieces of {@code grain} and runs them; returns when all are done. */
    void ranges(int count, int grain, Piece piece) {
        int pieces = (count + grain - 1) / grain;
        if (pieces <= 1 || helpers.isEmpty() || !busy.compareAndSet(false, true)) {
            for (int from = 0; from < count; from += grain) {
                piece.run(from, Math.min(count, from + grain));
            }
        } else {
            try {
                share(new Batch(++batches, count, grain, pieces, piece));
            } finally {
                busy.set(false);
            }
        }
        // The piece holds the arrays whose addresses are worked on: they must not be freed before this line.
        Reference.reachabilityFence(piece);
    }

    private void share(Batch batch) {
        current = batch;
        for (Helper helper : helpers) {
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
        helpers.forEach(LockSupport::unpark);
    }

    /** The pieces of one kernel and how far they are. */
    private static final class Batch {
        private final long number;
        private final int count;
        private final int grain;
        private final int pieces;
        private final Piece piece;
        private final Thread caller = Thread.currentThread();
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Batch(long number, int count, int grain, int pieces, Piece piece) {
            this.number = number;
            this.count = count;
            this.grain = grain;
            this.pieces = pieces;
            this.piece = piece;
        }

        void work() {
            int i;
            while ((i = next.getAndIncrement()) < pieces) {
                try {
                    int from = i * grain;
                    piece.run(from, Math.min(count, from + grain));
                } catch (Throwable problem) {
                    failure.compareAndSet(null, problem);
                } finally {
                    if (done.incrementAndGet() == pieces) {
                        LockSupport.unpark(caller);
                    }
                }
            }
        }

        void await() {
            for (int spin = 0; done.get() < pieces; spin++) {
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

    private final class Helper extends Thread {
        private volatile boolean asleep;

        Helper(String name) {
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
                Batch batch = current;
                if (batch != null && batch.number != last) {
                    batch.work();
                    last = batch.number;
                    spin = 0;
                } else if (spin++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    rest(last);
                }
            }
        }

        private void rest(long last) {
            asleep = true;
            // Looked at again after the flag is up: a batch published in between would wake nobody.
            Batch batch = current;
            if (!closed && (batch == null || batch.number == last)) {
                LockSupport.park(Workers.this);
            }
            asleep = false;
        }
    }
}
