package org.llava4j.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Slots that clients take in turns: a free one goes to the waiting client with the fewest slots, of these to the one whose
 * last turn was longest ago, then to the piece of work that has waited longest.
 */
final class FairSlots {
    private static final long POLL_MILLIS = 50;

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
        /** Number of its last turn; 0 if it had none. */
        private long lastTurn;
    }

    /** Work in the queue; its identity is its place. */
    private static final class Waiting {
        private final Client client;
        private final int count;

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
        Waiting work = enqueue(client, count);
        try {
            while (!tryAcquire(work)) {
                check.run();
            }
        } finally {
            dequeue(client, work);
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
        client(client).held -= returned;
        removeIfGone(client);
        notifyAll();
    }

    private Client client(Object client) {
        return clients.computeIfAbsent(client, key -> new Client());
    }

    private synchronized Waiting enqueue(Object client, int count) {
        Waiting work = new Waiting(client(client), Math.min(count, slots));
        work.client.waiting++;
        queue.add(work);
        return work;
    }

    private synchronized void dequeue(Object client, Waiting work) {
        queue.remove(work);
        work.client.waiting--;
        removeIfGone(client);
        notifyAll();
    }

    private void removeIfGone(Object client) {
        clients.computeIfPresent(client, (key, state) -> state.held == 0 && state.waiting == 0 ? null : state);
    }

    private synchronized boolean tryAcquire(Waiting work) throws InterruptedException {
        if (!isNext(work)) {
            wait(POLL_MILLIS);
        }
        if (!isNext(work)) {
            return false;
        }
        free -= work.count;
        work.client.held += work.count;
        work.client.lastTurn = ++turns;
        return true;
    }

    private boolean isNext(Waiting work) {
        return free >= work.count
                && queue.stream()
                                .min(Comparator.<Waiting>comparingInt(other -> other.client.held)
                                        .thenComparingLong(other -> other.client.lastTurn))
                                .orElseThrow()
                        == work;
    }
}
