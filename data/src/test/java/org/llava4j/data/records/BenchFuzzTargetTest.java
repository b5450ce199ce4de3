package org.llava4j.data.records;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: questions and image contexts of LLaVA-Bench. */
class BenchFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.jsonl", 200);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts(
                "{\"question_id\": 0, \"image\": \"001.jpg\", \"category\": \"conv\", \"text\": \"What is it?\"}\n"
                        + "{\"question_id\": \"a1\", \"image\": \"002.jpg\", \"category\": \"detail\", \"text\":"
                        + " \"Describe.\"}\n",
                "[{\"question_id\": 1, \"image\": \"1.jpg\", \"category\": \"complex\", \"text\": \"Why?\"}]",
                "{\"id\": \"001\", \"image\": \"001.jpg\", \"caption\": \"a volcano\"}\n",
                "{\"image\": \"1.jpg\", \"captions\": [\"a dog\", \"a cat\"], \"instances\": [{\"category\": \"dog\","
                        + " \"bbox\": [0.1, 0.2, 0.5, 1.0]}]}\n");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz.jsonl"), bytes);
        ORACLE.accepts(() -> BenchQuestionRecordReader.all(file));
        ORACLE.accepts(() -> BenchContextRecordReader.byImage(file));
        ORACLE.accepts(() -> {
            try (BenchQuestionRecordReader reader = BenchQuestionRecordReader.open(file)) {
                while (reader.hasNext()) {
                    reader.next();
                }
            }
        });
    }
}
