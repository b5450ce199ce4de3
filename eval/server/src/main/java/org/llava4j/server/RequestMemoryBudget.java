package org.llava4j.server;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Memory budget for the bodies of concurrent requests, so that many large requests at once cannot exhaust the heap. A
 * request that exceeds it is rejected with 429, or takes the place of the newest body that arrives from the client with the
 * most ({@link FairBudget}).
 */
final class RequestMemoryBudget {
    private static final int UNIT = 1 << 10;
    /** Fraction of the heap: while a body is parsed, it exists as bytes, as text and decoded. */
    private static final int SHARE_OF_HEAP = 8;

    private final FairBudget budget;

    RequestMemoryBudget() {
        this(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    }

    RequestMemoryBudget(long bytes) {
        budget = new FairBudget(bytes / UNIT);
    }

    /** Opens a reservation for one request. It grows with the body; close it when the body is no longer needed. */
    Reservation reserve(Object client) {
        return new Reservation(client);
    }

    /** The memory reserved for one request, and the part of its body that has arrived. */
    final class Reservation implements AutoCloseable {
        private final FairBudget.Holding holding;
        private long reserved;
        /** Null if it was displaced. */
        private @Nullable ByteArrayOutputStream body = new ByteArrayOutputStream();

        private Reservation(Object client) {
            holding = budget.open(client, this::drop);
        }

        /**
         * Adds a part of the body.
         *
         * @throws ApiException 429 if the budget is exhausted, or a body of another client has taken the memory
         */
        void append(ByteBuffer part) {
            byte[] bytes = new byte[part.remaining()];
            part.get(bytes);
            growTo(size() + bytes.length);
            synchronized (this) {
                if (body == null) {
                    throw busy();
                }
                body.writeBytes(bytes);
            }
        }

        /** Number of bytes that have arrived. */
        synchronized long size() {
            return body == null ? 0 : body.size();
        }

        /**
         * Reserves memory for a number of bytes in all.
         *
         * @throws ApiException 429 as {@link #append}
         */
        void growTo(long bytes) {
            long missing = bytes / UNIT + 1 - reserved;
            if (missing > 0) {
                if (!holding.tryGrow(missing)) {
                    throw busy();
                }
                reserved += missing;
            }
        }

        /**
         * The whole body. Its memory stays reserved until the reservation closes.
         *
         * @throws ApiException 429 if a body of another client has taken the memory
         */
        byte[] complete() {
            if (!holding.tryPin()) {
                throw busy();
            }
            synchronized (this) {
                byte[] bytes = body == null ? new byte[0] : body.toByteArray();
                body = null;
                return bytes;
            }
        }

        private synchronized void drop() {
            body = null;
        }

        @Override
        public void close() {
            holding.close();
            drop();
        }
    }

    private static ApiException busy() {
        return ApiException.busy("the server is reading too many large requests; send this request again later");
    }
}
