package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class DecodeSlotsTest {
    private static final long LARGE = 50_000_000;

    @Test
    void smallImageDoesNotWaitForLargeOnes() throws InterruptedException {
        DecodeSlots slots = new DecodeSlots();
        CountDownLatch end = new CountDownLatch(1);
        List<CompletableFuture<?>> large = holdAllLarge(slots, end);
        assertThat(slots.run(64, () -> {}, () -> "small")).isEqualTo("small");
        IllegalStateException over = new IllegalStateException("time is over");
        assertThatThrownBy(() -> slots.run(
                        LARGE,
                        () -> {
                            throw over;
                        },
                        () -> "large"))
                .isSameAs(over);
        end.countDown();
        large.forEach(CompletableFuture::join);
        assertThat(slots.run(LARGE, () -> {}, () -> "large")).isEqualTo("large");
    }

    @Test
    void failedDecodeReleasesItsSlot() {
        DecodeSlots slots = new DecodeSlots();
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> slots.run(LARGE, () -> {}, () -> {
                        throw new IllegalStateException("damaged");
                    }))
                    .hasMessage("damaged");
        }
        assertThat(slots.run(LARGE, () -> {}, () -> "large")).isEqualTo("large");
    }

    private static List<CompletableFuture<?>> holdAllLarge(DecodeSlots slots, CountDownLatch end)
            throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(2);
        List<CompletableFuture<?>> running = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            running.add(CompletableFuture.runAsync(() -> slots.run(LARGE, () -> {}, () -> {
                begun.countDown();
                await(end);
                return null;
            })));
        }
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
