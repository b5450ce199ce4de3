package org.llava4j.eval.serve;

import java.util.concurrent.Semaphore;

/**
 * Memory for requests that are being read and looked at, of all clients together: what is over it is told to come again,
 * so that many large requests at once do not take the heap.
 */
final class RequestMemoryBudget {
    private static final int UNIT = 1 << 10;
    /** A body is there several times while it is read: as bytes, as text, decoded. */
    private static final int SHARE_OF_HEAP = 8;

    private final Semaphore units;

    RequestMemoryBudget() {
        this(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    }

    RequestMemoryBudget(long bytes) {
        units = new Semaphore((int) Math.min(Integer.MAX_VALUE, bytes / UNIT));
    }

    /** One request's part of it, which grows as its body comes; to be closed when nothing of that is needed any more. */
    Reservation reserve() {
        return new Reservation();
    }

    /** What one request has taken. */
    final class Reservation implements AutoCloseable {
        private int reserved;

        /** @throws ApiException if there is no room for so many bytes in all */
        void growTo(long bytes) {
            int wanted = (int) (bytes / UNIT) + 1 - reserved;
            if (wanted > 0) {
                if (!units.tryAcquire(wanted)) {
                    throw ApiException.busy("the server is reading too many large requests; send this one again later");
                }
                reserved += wanted;
            }
        }

        @Override
        public void close() {
            units.release(reserved);
            reserved = 0;
        }
    }
}
