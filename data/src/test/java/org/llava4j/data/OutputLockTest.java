package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputLockTest {
    @TempDir
    Path temp;

    @Test
    void lockIgnoresStaleFile() throws IOException {
        Path file = Files.createFile(temp.resolve(".out.lock"));
        lock().close();
        assertThat(file).doesNotExist();
    }

    @Test
    void lockRespectsLockOfOperatingSystem() throws IOException {
        Path file = temp.resolve(".out.lock");
        try (FileChannel other = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            other.lock();
            assertThatThrownBy(this::lock)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("is being written by another run");
        }
        assertThat(file).exists();
        lock().close();
    }

    private OutputLock lock() throws IOException {
        return OutputLock.of(temp.resolve("out"), temp.resolve("out"));
    }

    @Test
    void lockIsExclusiveUnderContention() throws Exception {
        AtomicInteger holders = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        Callable<Void> contender = () -> {
            for (int i = 0; i < 200; i++) {
                try (OutputLock lock = lock()) {
                    assertThat(lock).isNotNull();
                    most.accumulateAndGet(holders.incrementAndGet(), Math::max);
                    taken.incrementAndGet();
                    holders.decrementAndGet();
                } catch (BadInputException e) {
                    assertThat(e).hasMessageContaining("another run");
                }
            }
            return null;
        };
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.add(threads.submit(contender));
            }
            for (Future<Void> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(most.get()).isEqualTo(1);
        assertThat(taken.get()).isPositive();
        assertThat(temp).isEmptyDirectory();
    }
}
