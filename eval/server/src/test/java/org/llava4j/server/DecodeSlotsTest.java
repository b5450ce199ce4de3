package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class DecodeSlotsTest {
    /** A thread for each image: the common pool has one on a small machine. */
    private static final Executor THREADS = task -> new Thread(task).start();

    private static final long LARGE = 50_000_000;

    @Test
    void smallImageDoesNotWaitForLargeOnes() throws InterruptedException {
        DecodeSlots slots = new DecodeSlots();
        CountDownLatch end = new CountDownLatch(1);
        List<CompletableFuture<?>> large = holdAllLarge(slots, end);
        assertThat(slots.run("client", 64, () -> {}, () -> "small")).isEqualTo("small");
        IllegalStateException over = new IllegalStateException("time is over");
        assertThatThrownBy(() -> slots.run(
                        "client",
                        LARGE,
                        () -> {
                            throw over;
                        },
                        () -> "large"))
                .isSameAs(over);
        end.countDown();
        large.forEach(CompletableFuture::join);
        assertThat(slots.run("client", LARGE, () -> {}, () -> "large")).isEqualTo("large");
    }

    @Test
    void failedDecodeReleasesItsSlot() {
        DecodeSlots slots = new DecodeSlots();
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> slots.run("client", LARGE, () -> {}, () -> {
                        throw new IllegalStateException("damaged");
                    }))
                    .hasMessage("damaged");
        }
        assertThat(slots.run("client", LARGE, () -> {}, () -> "large")).isEqualTo("large");
    }

    @Test
    void imageOfAnotherClientIsNext() throws InterruptedException {
        DecodeSlots slots = new DecodeSlots();
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch second = new CountDownLatch(1);
        List<CompletableFuture<?>> running = new ArrayList<>();
        running.add(hold(slots, first));
        running.add(hold(slots, second));
        List<String> decoded = Collections.synchronizedList(new ArrayList<>());
        for (String client : List.of("client", "client", "client", "other")) {
            CountDownLatch waits = new CountDownLatch(1);
            running.add(CompletableFuture.runAsync(
                    () -> slots.run(client, LARGE, waits::countDown, () -> decoded.add(client)), THREADS));
            waits.await();
        }
        first.countDown();
        CompletableFuture.allOf(running.get(0), running.get(5)).join();
        assertThat(decoded.get(0)).isEqualTo("other");
        second.countDown();
        running.forEach(CompletableFuture::join);
        assertThat(decoded).hasSize(4);
    }

    private static List<CompletableFuture<?>> holdAllLarge(DecodeSlots slots, CountDownLatch end)
            throws InterruptedException {
        return List.of(hold(slots, end), hold(slots, end));
    }

    /** Holds a slot until {@code end}. */
    private static CompletableFuture<?> hold(DecodeSlots slots, CountDownLatch end) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<?> running = CompletableFuture.runAsync(
                () -> slots.run("client", LARGE, () -> {}, () -> {
                    begun.countDown();
                    await(end);
                    return null;
                }),
                THREADS);
        begun.await();
        return running;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
