package org.llava4j.server;

import java.util.concurrent.Semaphore;

/**
 * Memory budget for the bodies of concurrent requests. A request that exceeds it is rejected with 429, so that many
 * large requests at once cannot exhaust the heap.
 */
final class RequestMemoryBudget {
    private static final int UNIT = 1 << 10;
    /** Fraction of the heap: while a body is parsed, it exists as bytes, as text and decoded. */
    private static final int SHARE_OF_HEAP = 8;

    private final Semaphore units;

    RequestMemoryBudget() {
        this(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    }

    RequestMemoryBudget(long bytes) {
        units = new Semaphore((int) Math.min(Integer.MAX_VALUE, bytes / UNIT));
    }

    /** Opens a reservation for one request. It grows with the body; close it when the body is no longer needed. */
    Reservation reserve() {
        return new Reservation();
    }

    /** The memory reserved for one request. */
    final class Reservation implements AutoCloseable {
        private int reserved;

        /**
         * Grows the reservation.
         *
         * @throws ApiException 429 if the budget is exhausted
         */
        void growTo(long bytes) {
            int missing = (int) (bytes / UNIT) + 1 - reserved;
            if (missing > 0) {
                if (!units.tryAcquire(missing)) {
                    throw ApiException.busy(
                            "the server is reading too many large requests; send this request again later");
                }
                reserved += missing;
            }
        }

        @Override
        public void close() {
            units.release(reserved);
            reserved = 0;
        }
    }
}
