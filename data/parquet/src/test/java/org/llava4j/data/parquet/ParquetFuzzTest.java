package org.llava4j.data.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.datavec.api.split.FileSplit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** Damaged files are read or refused with {@link BadInputException}, in the memory of the tests. */
class ParquetFuzzTest {
    private static final int RUNS = Integer.getInteger("fuzz", 400);
    private static final int FOOTER_LENGTH_BYTES = 8;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "scienceqa/train-00000-of-00001-1028f23e353fbe3e.parquet",
                "scienceqa/validation-00000-of-00001-6c7328ff6c84284c.parquet",
                "conversations/train-00000-of-00002.parquet",
                "conversations/train-00001-of-00002.parquet",
                "messages/test.parquet",
                "datasets/train.parquet"
            })
    void damagedFilesAreRefused(String name) throws IOException {
        byte[] original = Files.readAllBytes(Fixtures.of(name));
        SplittableRandom random = new SplittableRandom(name.hashCode());
        Path file = folder.resolve("train.parquet");
        int refused = 0;
        for (int run = 0; run < RUNS; run++) {
            byte[] bytes = original.clone();
            if (run % 20 == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            } else {
                int count = 1 + random.nextInt(4);
                for (int i = 0; i < count; i++) {
                    bytes[random.nextInt(bytes.length - (run % 2) * FOOTER_LENGTH_BYTES)] = (byte) random.nextInt();
                }
            }
            Files.write(file, bytes);
            refused += isRefused(file) ? 1 : 0;
        }
        assertThat(refused).isBetween(RUNS / 10, RUNS - 1);
    }

    private static boolean isRefused(Path file) {
        try {
            DatasetKind kind = DatasetKind.of(file);
            try (ParquetRecordReader<?> reader = kind == DatasetKind.SCIENCE_QA
                    ? new ParquetScienceQaRecordReader()
                    : new ParquetConversationRecordReader()) {
                reader.initialize(new FileSplit(file.toFile()));
                while (reader.hasNext()) {
                    assertThat(reader.next()).isNotEqualTo(List.of());
                }
            }
            return false;
        } catch (BadInputException e) {
            assertThat(e.getMessage()).startsWith(file.toString());
            return true;
        }
    }
}
