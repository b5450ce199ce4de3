package org.llava4j.model.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class FeatureStoreTest {
    private static final long AMPLE = 1 << 20;
    /** 44 bytes of header, 100 floats, 4 bytes of checksum. */
    private static final int BYTES_OF_100 = 448;

    @TempDir
    Path folder;

    @Test
    void getReturnsWhatAnotherInstancePut() {
        float[] features = {1.5f, -0.0f, Float.MIN_VALUE, Float.NaN};
        FeatureStore.open(folder, AMPLE).put(address(1), features);
        assertThat(FeatureStore.open(folder, AMPLE).get(address(1))).isEqualTo(features);
        assertThat(FeatureStore.open(folder, AMPLE).get(address(2))).isNull();
    }

    @Test
    void getDetectsFlippedBytes() throws IOException {
        FeatureStore store = FeatureStore.open(folder, AMPLE);
        store.put(address(1), new float[] {1, 2, 3});
        Path file = files().get(0);
        byte[] intact = Files.readAllBytes(file);
        for (int i = 0; i < intact.length; i++) {
            byte[] damaged = intact.clone();
            damaged[i] ^= 0x10;
            Files.write(file, damaged);
            assertThat(store.get(address(1))).as("byte " + i).isNull();
            assertThat(file).as("damaged at byte " + i).doesNotExist();
        }
    }

    @Test
    void getDetectsTruncation() throws IOException {
        FeatureStore store = FeatureStore.open(folder, AMPLE);
        store.put(address(1), new float[] {1, 2, 3});
        Path file = files().get(0);
        byte[] intact = Files.readAllBytes(file);
        for (int length = 0; length < intact.length; length++) {
            Files.write(file, Arrays.copyOf(intact, length));
            assertThat(store.get(address(1))).as("cut to " + length).isNull();
        }
    }

    @Test
    void getRejectsMisnamedFile() throws IOException {
        FeatureStore store = FeatureStore.open(folder, AMPLE);
        store.put(address(1), new float[] {1, 2, 3});
        Path file = files().get(0);
        Path other = folder.resolve(address(2).substring(0, 2)).resolve(address(2) + ".features");
        Files.createDirectories(other.getParent());
        Files.copy(file, other);
        assertThat(store.get(address(2))).isNull();
        assertThat(store.get(address(1))).isNotNull();
    }

    @Test
    void putEvictsLeastRecentlyUsed() throws IOException {
        FeatureStore store = FeatureStore.open(folder, 10 * BYTES_OF_100);
        for (int i = 0; i < 10; i++) {
            store.put(address(i), new float[100]);
            age(address(i), 100 - i);
        }
        assertThat(store.get(address(0))).isNotNull(); // now the most recently used
        store.put(address(10), new float[100]);
        assertThat(files()).hasSize(9);
        assertThat(store.get(address(0))).isNotNull();
        assertThat(store.get(address(1))).isNull();
        assertThat(store.get(address(2))).isNull();
        assertThat(store.get(address(3))).isNotNull();
        assertThat(store.get(address(10))).isNotNull();
    }

    /** As if the clock was set back by an hour: what was used before seems to be used later than what is used now. */
    @Test
    void limitHoldsAfterClockIsSetBack() throws IOException {
        FeatureStore store = FeatureStore.open(folder, 10 * BYTES_OF_100);
        for (int i = 0; i < 10; i++) {
            store.put(address(i), new float[100]);
            age(address(i), -3600);
        }
        for (int i = 10; i < 40; i++) {
            float[] features = {i};
            store.put(address(i), features);
            assertThat(store.get(address(i))).as("features of " + i).isIn(features, null);
        }
        assertThat(files().stream().mapToLong(file -> file.toFile().length()).sum())
                .isLessThanOrEqualTo(10 * BYTES_OF_100);
    }

    @Test
    void openEvictsToLimitAndDeletesAbandonedFiles() throws IOException {
        FeatureStore store = FeatureStore.open(folder, AMPLE);
        for (int i = 0; i < 10; i++) {
            store.put(address(i), new float[100]);
        }
        Path dead = Files.writeString(folder.resolve(address(1).substring(0, 2) + "/x.part"), "half");
        assertThat(dead.toFile().setLastModified(1)).isTrue();
        FeatureStore.open(folder, 5 * BYTES_OF_100);
        assertThat(files()).hasSize(4).doesNotContain(dead);
    }

    @Test
    void twoProcessesShareFolder() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int seed = 1; seed <= 2; seed++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            ConcurrentClient.class.getName(),
                            folder.toString(),
                            Integer.toString(seed))
                    .inheritIO()
                    .start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        FeatureStore.open(folder, ConcurrentClient.LIMIT);
        assertThat(files()).isNotEmpty();
        assertThat(files().stream().mapToLong(file -> file.toFile().length()).sum())
                .isLessThanOrEqualTo(ConcurrentClient.LIMIT);
    }

    @Test
    void openRejectsUnusableFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> FeatureStore.open(file.resolve("cache"), AMPLE))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("as feature cache")
                .hasMessageContaining("choose a writable folder");
        assertThatThrownBy(() -> FeatureStore.open(folder, 0)).isInstanceOf(BadInputException.class);
    }

    /** One of two processes that write, read and evict the same few addresses; every result must be intact. */
    static final class ConcurrentClient {
        static final long LIMIT = 20 * BYTES_OF_100;
        private static final int ROUNDS = 2000;

        private ConcurrentClient() {}

        public static void main(String[] args) {
            FeatureStore store = FeatureStore.open(new File(args[0]).toPath(), LIMIT);
            Random random = new Random(Long.parseLong(args[1]));
            for (int i = 0; i < ROUNDS; i++) {
                int which = random.nextInt(40);
                float[] read = store.get(address(which));
                if (read != null && (read.length != 100 || read[99] != which)) {
                    throw new AssertionError("wrong or damaged features");
                }
                float[] features = new float[100];
                features[99] = which;
                store.put(address(which), features);
            }
        }
    }

    private static String address(int number) {
        return String.format("%02x%062x", number % 4, number);
    }

    private void age(String address, int seconds) throws IOException {
        for (Path file : files()) {
            if (file.toString().contains(address)) {
                assertThat(file.toFile().setLastModified(System.currentTimeMillis() - 1000L * seconds))
                        .isTrue();
            }
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
