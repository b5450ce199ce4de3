package org.llava4j.data.llm;

import java.util.function.BooleanSupplier;

/** What waits ask; a test has one of its own, in which waiting takes no time. */
public interface MonotonicClock {
    /** The real one. */
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

    /** So often a wait looks whether it is still wanted. */
    long POLL_MS = 100;

    /** Milliseconds since some moment. */
    long millis();

    void sleep(long ms) throws InterruptedException;

    /** Waits until a moment, or until {@code stops}. @return whether the moment came */
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
