package org.llava4j.server;

/**
 * Places of the running and queued requests. Clients share them: one client may have all places, but if there is none for
 * another, the newest queued request of the client with the most ends ({@link FairBudget}), and clients take turns to run
 * ({@link FairSlots}).
 */
final class RequestPlaces {
    private final int maxRunning;
    private final int maxQueued;
    private final FairBudget places;
    private final FairSlots running;

    /**
     * @param maxRunning number of answers at the same time
     * @param maxQueued number of answers that wait
     */
    RequestPlaces(int maxRunning, int maxQueued) {
        this.maxRunning = maxRunning;
        this.maxQueued = maxQueued;
        places = new FairBudget((long) maxRunning + maxQueued);
        running = new FairSlots(maxRunning);
    }

    /**
     * Takes a place for a request of one answer.
     *
     * @throws ApiException 429 if there is none
     */
    Place enter(Object client) {
        Place place = new Place(client);
        place.addChoices(1);
        return place;
    }

    /** Number of answers that wait for their turn. */
    int waiting() {
        return running.waiting();
    }

    /** 429: a request of another client has taken the place of a request. */
    static ApiException displaced() {
        return ApiException.busy(
                "the queue is full, and this address has more requests in it than the others; retry later");
    }

    /** The places of one request. */
    final class Place implements AutoCloseable {
        private final Object client;
        private final FairBudget.Holding holding;
        private int choices;

        private Place(Object client) {
            this.client = client;
            holding = places.open(client, () -> {});
        }

        /**
         * Takes places for more answers.
         *
         * @throws ApiException 429 if there are none
         */
        void addChoices(int more) {
            if (!holding.tryGrow(more)) {
                throw isDisplaced()
                        ? displaced()
                        : ApiException.busy("the server is running " + maxRunning + " requests and " + maxQueued
                                + " are queued; retry later");
            }
            choices += more;
        }

        /** Whether a request of another client has taken this place. Never, once the request runs. */
        boolean isDisplaced() {
            return holding.isDisplaced();
        }

        /**
         * Waits for the request's turn to run.
         *
         * @param check runs often while waiting; ends it by throwing
         * @throws ApiException 429 if the request is displaced
         */
        void start(Runnable check) throws InterruptedException {
            running.acquire(client, choices, check);
            if (!holding.tryPin()) {
                finish();
                throw displaced();
            }
        }

        /** Lets other requests run. Call it once, after {@link #start}. */
        void finish() {
            running.release(client, choices);
        }

        @Override
        public void close() {
            holding.close();
        }
    }
}
