package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Sha256Test {
    @TempDir
    private Path temp;

    /** Sizes around the smallest and the largest buffer. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, (1 << 13) - 1, 1 << 13, (1 << 13) + 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 5})
    void hashOfFileEqualsHashOfItsBytes(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Path file = Files.write(temp.resolve("file"), bytes);

        assertThat(Sha256.of(file)).isEqualTo(Sha256.of(bytes));
    }
}
