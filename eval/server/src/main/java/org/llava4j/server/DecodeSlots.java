package org.llava4j.server;

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

    private final FairSlots small = new FairSlots(SMALL_SLOTS);
    private final FairSlots large = new FairSlots(LARGE_SLOTS);

    /**
     * Runs a decode when there is a slot for it.
     *
     * @param client whose image it is
     * @param work see {@link org.llava4j.data.image.ImageHeader#work}
     * @param check runs often while waiting; ends it by throwing
     */
    <T> T run(Object client, long work, Runnable check, Supplier<T> decode) {
        FairSlots slots = work <= SMALL_WORK ? small : large;
        try {
            slots.acquire(client, 1, check);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.busy("the server is stopping");
        }
        try {
            return decode.get();
        } finally {
            slots.release(client, 1);
        }
    }
}
