package org.llava4j.data.llm;

import java.util.function.BooleanSupplier;

/** Monotonic clock that can sleep. Tests replace it with a clock that does not sleep. */
interface MonotonicClock {
    /** The system clock. */
    MonotonicClock SYSTEM = new MonotonicClock() {
        @Override
        public long millis() {
            return System.nanoTime() / 1_000_000;
        }

        @Override
        public void sleep(long ms) throws InterruptedException {
            Thread.sleep(ms);
        }
    };

    /** Interval at which a wait checks whether it is cancelled. */
    long POLL_MS = 100;

    /** Returns milliseconds since an arbitrary origin. */
    long millis();

    void sleep(long ms) throws InterruptedException;

    /**
     * Waits until {@code moment}, or until {@code stops} is true.
     *
     * @return whether the moment was reached
     */
    default boolean waitUntil(long moment, BooleanSupplier stops) throws InterruptedException {
        for (long left = moment - millis(); left > 0; left = moment - millis()) {
            if (stops.getAsBoolean()) {
                return false;
            }
            sleep(Math.min(left, POLL_MS));
        }
        return !stops.getAsBoolean();
    }
}
