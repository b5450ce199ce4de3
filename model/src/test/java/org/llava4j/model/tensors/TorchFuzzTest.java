package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/**
 * Fuzz test with fixed seeds: a damaged file is either read, with every tensor within the size of the file, or rejected
 * as invalid input.
 */
class TorchFuzzTest {
    private static final int CASES = 700;
    private static final int[] NUMBERS = {0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    private static final String INSTRUCTIONS = "().NKMJGX]}aesuqrhjcQRbio0tU\u0080\u0081\u0085\u0086\u0087\u0088\u008a";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"views.bin", "state_dict.bin", "protocol4.bin"})
    void readNeverFailsOtherwise(String name) throws IOException {
        byte[] valid;
        try (var in = TorchFuzzTest.class.getResourceAsStream(name)) {
            valid = in.readAllBytes();
        }
        assertThat(isRead(valid)).isTrue();
        Random random = new Random(42);
        int rejected = 0;
        for (int i = 0; i < CASES; i++) {
            rejected += isRead(damage(valid, random)) ? 0 : 1;
        }
        assertThat(rejected).isBetween(CASES / 4, CASES - 1);
    }

    @Test
    void openRejectsTruncatedFile() throws IOException {
        byte[] valid;
        try (var in = TorchFuzzTest.class.getResourceAsStream("parameter.bin")) {
            valid = in.readAllBytes();
        }
        for (int length = 0; length < valid.length; length++) {
            assertThat(isRead(Arrays.copyOf(valid, length))).isFalse();
        }
    }

    private boolean isRead(byte[] bytes) throws IOException {
        Path path = Files.write(folder.resolve("damaged.bin"), bytes);
        try (TorchFile file = TorchFile.open(path)) {
            for (TensorInfo info : file.tensors().values()) {
                assertThat(info.length() * info.type().bytes()).isBetween(0L, (long) bytes.length);
                file.read(info.name()).close();
            }
            return true;
        } catch (BadInputException e) {
            assertThat(e.getMessage()).contains(path.toString()).doesNotContain("\n");
            return false;
        }
    }

    /** Damages the start (the pickle) or the end (the zip directory) of a file. */
    private static byte[] damage(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int n = random.nextInt(3); n >= 0; n--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] = (byte) INSTRUCTIONS.charAt(random.nextInt(INSTRUCTIONS.length()));
                case 3 -> put(bytes, at, NUMBERS[random.nextInt(NUMBERS.length)]);
                case 4 -> put(bytes, Math.max(0, bytes.length - random.nextInt(300)), NUMBERS[random.nextInt(8)]);
                default -> {
                    int length = Math.min(1 + random.nextInt(20), bytes.length - at);
                    System.arraycopy(valid, random.nextInt(valid.length - length), bytes, at, length);
                }
            }
        }
        return bytes;
    }

    private static void put(byte[] bytes, int at, int number) {
        for (int i = 0; i < 4 && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (number >>> 8 * i);
        }
    }
}
