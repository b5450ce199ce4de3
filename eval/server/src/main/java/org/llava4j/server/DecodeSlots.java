package org.llava4j.server;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Limit of the number of images that are decoded at a time, because each needs memory for all of its pixels. Small
 * images have slots of their own, so that they do not wait for large ones.
 */
final class DecodeSlots {
    /** About what a decoder reads in a hundredth of a second; takes 11 MB. */
    private static final long SMALL_WORK = 1_000_000;

    private static final int SMALL_SLOTS = 8;
    private static final int LARGE_SLOTS = 2;
    private static final long POLL_MILLIS = 50;

    private final Semaphore small = new Semaphore(SMALL_SLOTS);
    private final Semaphore large = new Semaphore(LARGE_SLOTS);

    /**
     * Runs a decode when there is a slot for it.
     *
     * @param work see {@link org.llava4j.data.image.ImageHeader#work}
     * @param check runs often while waiting; ends it by throwing
     */
    <T> T run(long work, Runnable check, Supplier<T> decode) {
        Semaphore slots = work <= SMALL_WORK ? small : large;
        try {
            while (!slots.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                check.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.busy("the server is stopping");
        }
        try {
            return decode.get();
        } finally {
            slots.release();
        }
    }
}
