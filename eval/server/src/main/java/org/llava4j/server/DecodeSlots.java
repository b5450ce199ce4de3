package org.llava4j.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Limit of the number of images that are decoded at a time, because each needs memory for all of its pixels. Small
 * images have slots of their own, so that they do not wait for large ones. Clients take turns: a client's first image
 * waits for one decode to end, however many images another client has sent before.
 */
final class DecodeSlots {
    /** About what a decoder reads in a hundredth of a second; takes 11 MB. */
    private static final long SMALL_WORK = 1_000_000;

    private static final int SMALL_SLOTS = 8;
    private static final int LARGE_SLOTS = 2;
    private static final long POLL_MILLIS = 50;

    private final FairSlots small = new FairSlots(SMALL_SLOTS);
    private final FairSlots large = new FairSlots(LARGE_SLOTS);

    /**
     * Runs a decode when there is a slot for it.
     *
     * @param client whose image it is, such as an address
     * @param work see {@link org.llava4j.data.image.ImageHeader#work}
     * @param check runs often while waiting; ends it by throwing
     */
    <T> T run(Object client, long work, Runnable check, Supplier<T> decode) {
        FairSlots slots = work <= SMALL_WORK ? small : large;
        try {
            slots.acquire(client, check);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.busy("the server is stopping");
        }
        try {
            return decode.get();
        } finally {
            slots.release(client);
        }
    }

    /** Slots that go to the waiting client with the fewest slots, then to the image that has waited longest. */
    private static final class FairSlots {
        private final Map<Object, Integer> held = new HashMap<>();
        private final List<Waiting> queue = new ArrayList<>();
        private int free;

        FairSlots(int slots) {
            free = slots;
        }

        /** An image in the queue; its identity is its place. */
        private static final class Waiting {
            private final Object client;

            Waiting(Object client) {
                this.client = client;
            }
        }

        void acquire(Object client, Runnable check) throws InterruptedException {
            Waiting image = new Waiting(client);
            enqueue(image);
            try {
                while (!tryAcquire(image)) {
                    check.run();
                }
            } finally {
                dequeue(image);
            }
        }

        private synchronized void enqueue(Waiting image) {
            queue.add(image);
        }

        private synchronized void dequeue(Waiting image) {
            queue.remove(image);
            notifyAll();
        }

        private synchronized boolean tryAcquire(Waiting image) throws InterruptedException {
            if (!isNext(image)) {
                wait(POLL_MILLIS);
            }
            if (!isNext(image)) {
                return false;
            }
            free--;
            held.merge(image.client, 1, Integer::sum);
            return true;
        }

        private boolean isNext(Waiting image) {
            return free > 0
                    && queue.stream()
                                    .min(Comparator.comparing(other -> held.getOrDefault(other.client, 0)))
                                    .orElseThrow()
                            == image;
        }

        synchronized void release(Object client) {
            free++;
            held.computeIfPresent(client, (key, count) -> count == 1 ? null : count - 1);
            notifyAll();
        }
    }
}
