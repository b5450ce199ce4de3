package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KernelThreadPoolTest {

    @Test
    void parallelForCoversEveryIndexOnce() {
        for (int threads = 1; threads <= 4; threads++) {
            try (KernelThreadPool pool = new KernelThreadPool(threads)) {
                for (int grain : new int[] {1, 3, 100, 1000}) {
                    AtomicIntegerArray times = new AtomicIntegerArray(100);
                    pool.parallelFor(100, grain, (from, to) -> {
                        for (int i = from; i < to; i++) {
                            times.incrementAndGet(i);
                        }
                    });
                    for (int i = 0; i < 100; i++) {
                        assertThat(times.get(i)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void parallelForRunsManySmallLoops() {
        try (KernelThreadPool pool = new KernelThreadPool(3)) {
            for (int run = 0; run < 20_000; run++) {
                AtomicIntegerArray times = new AtomicIntegerArray(5);
                pool.parallelFor(5, 1, (from, to) -> times.incrementAndGet(from));
                for (int i = 0; i < 5; i++) {
                    assertThat(times.get(i)).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void workerWakesUpAfterParking() throws InterruptedException {
        try (KernelThreadPool pool = new KernelThreadPool(2)) {
            for (int run = 0; run < 3; run++) {
                TimeUnit.MILLISECONDS.sleep(20);
                Set<Thread> seen = ConcurrentHashMap.newKeySet();
                CountDownLatch both = new CountDownLatch(2);
                pool.parallelFor(2, 1, (from, to) -> {
                    seen.add(Thread.currentThread());
                    both.countDown();
                    awaitQuietly(both);
                });
                assertThat(seen).hasSize(2).contains(Thread.currentThread());
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void parallelForRethrowsFailureAndStaysUsable() {
        try (KernelThreadPool pool = new KernelThreadPool(2)) {
            assertThatThrownBy(() -> pool.parallelFor(8, 1, (from, to) -> {
                        if (from == 5) {
                            throw new IllegalStateException("task 5");
                        }
                    }))
                    .hasMessage("task 5");
            AtomicIntegerArray times = new AtomicIntegerArray(8);
            pool.parallelFor(8, 1, (from, to) -> times.incrementAndGet(from));
            assertThat(times.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1]");
        }
    }

    @Test
    void nestedParallelForRunsOnSameThread() {
        try (KernelThreadPool pool = new KernelThreadPool(2)) {
            AtomicIntegerArray times = new AtomicIntegerArray(4);
            pool.parallelFor(2, 1, (outer, outerEnd) -> {
                Thread here = Thread.currentThread();
                pool.parallelFor(2, 1, (from, to) -> {
                    assertThat(Thread.currentThread()).isSameAs(here);
                    times.incrementAndGet(2 * outer + from);
                });
            });
            assertThat(times.toString()).isEqualTo("[1, 1, 1, 1]");
        }
    }
}
