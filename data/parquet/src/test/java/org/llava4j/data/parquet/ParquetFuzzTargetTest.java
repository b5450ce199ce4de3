package org.llava4j.data.parquet;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.datavec.api.split.FileSplit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: Parquet files with conversations or ScienceQA problems. */
class ParquetFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.parquet", 1000);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.files(
                Fixtures.of("scienceqa/validation-00000-of-00001-6c7328ff6c84284c.parquet"),
                Fixtures.of("conversations/train-00000-of-00002.parquet"),
                Fixtures.of("conversations/train-00001-of-00002.parquet"),
                Fixtures.of("messages/test.parquet"),
                Fixtures.of("datasets/train.parquet"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz.parquet"), bytes);
        ORACLE.accepts(() -> {
            try (ParquetRecordReader<?> reader = DatasetKind.of(file) == DatasetKind.SCIENCE_QA
                    ? new ParquetScienceQaRecordReader()
                    : new ParquetConversationRecordReader()) {
                reader.initialize(new FileSplit(file.toFile()));
                while (reader.hasNext()) {
                    reader.next();
                }
            }
        });
    }
}
