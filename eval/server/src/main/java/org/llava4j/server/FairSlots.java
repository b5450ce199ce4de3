package org.llava4j.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Slots that clients take in turns: a free one goes to the waiting client with the fewest slots, of these to the one whose
 * last turn was longest ago, then to the piece of work that has waited longest.
 */
final class FairSlots {
    private static final long POLL_MILLIS = 200;

    private final int slots;
    private final Map<Object, Client> clients = new HashMap<>();
    private final List<Waiting> queue = new ArrayList<>();
    private int free;
    private long turns;

    FairSlots(int slots) {
        this.slots = slots;
        free = slots;
    }

    /** A client that holds slots or waits. */
    private static final class Client {
        private int held;
        private int waiting;
        /**
         * Number of its last turn. A new client gets that of the turn before the last: it goes before the client that had
         * the last turn, but not before those that have waited longer.
         */
        private long lastTurn;

        Client(long lastTurn) {
            this.lastTurn = lastTurn;
        }
    }

    /** Work in the queue; its identity is its place. */
    private static final class Waiting {
        private final Client client;
        private final int count;
        /** Wakes this work alone: waking all would take longer than short work itself. */
        private final CountDownLatch granted = new CountDownLatch(1);

        Waiting(Client client, int count) {
            this.client = client;
            this.count = count;
        }
    }

    /**
     * Waits for slots.
     *
     * @param count number of slots; all of them if there are fewer
     * @param check runs often while waiting; ends it by throwing
     */
    void acquire(Object client, int count, Runnable check) throws InterruptedException {
        Waiting work = enqueue(client, Math.min(count, slots));
        boolean acquired = false;
        try {
            while (!work.granted.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                check.run();
            }
            acquired = true;
        } finally {
            if (!acquired) {
                abandon(client, work);
            }
        }
    }

    /** Number of slots that waiting work needs. */
    synchronized int waiting() {
        return queue.stream().mapToInt(work -> work.count).sum();
    }

    /** Returns slots that {@link #acquire} has taken. */
    synchronized void release(Object client, int count) {
        int returned = Math.min(count, slots);
        free += returned;
        clients.computeIfPresent(client, (key, state) -> {
            state.held -= returned;
            return present(state);
        });
        grant();
    }

    private synchronized Waiting enqueue(Object client, int count) {
        Waiting work = new Waiting(clients.computeIfAbsent(client, key -> new Client(turns - 1)), count);
        work.client.waiting++;
        queue.add(work);
        grant();
        return work;
    }

    /** Ends work that waits no longer; it may have got its slots at the same time. */
    private synchronized void abandon(Object client, Waiting work) {
        if (!queue.remove(work)) {
            release(client, work.count);
            return;
        }
        work.client.waiting--;
        clients.computeIfPresent(client, (key, state) -> present(state));
        grant();
    }

    private static @Nullable Client present(Client client) {
        return client.held == 0 && client.waiting == 0 ? null : client;
    }

    /** Gives free slots to the work that is next, as long as they suffice for it. */
    private void grant() {
        while (free > 0 && !queue.isEmpty()) {
            Waiting next = queue.stream()
                    .min(Comparator.<Waiting>comparingInt(work -> work.client.held)
                            .thenComparingLong(work -> work.client.lastTurn))
                    .orElseThrow();
            if (next.count > free) {
                return;
            }
            queue.remove(next);
            free -= next.count;
            next.client.waiting--;
            next.client.held += next.count;
            next.client.lastTurn = ++turns;
            next.granted.countDown();
        }
    }
}
