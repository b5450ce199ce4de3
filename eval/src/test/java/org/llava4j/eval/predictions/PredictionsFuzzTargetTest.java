package org.llava4j.eval.predictions;

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

/** Fuzz target: predictions, as an answer file of JSON lines and as a ScienceQA result file. */
class PredictionsFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-predictions", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts(
                "{\"question_id\": \"1\", \"prompt\": \"p\", \"text\": \"The answer is A.\", \"answer_id\": \"x\","
                        + " \"model_id\": \"m\", \"metadata\": {\"a\": 1}}\n{\"question_id\": 2, \"text\": \"B\"}\n",
                "{\"acc\": 0.5, \"results\": {\"1\": 0, \"2\": -1}, \"outputs\": {\"1\": \"A\", \"2\": \"none\"}}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz-predictions.jsonl"), bytes);
        ORACLE.accepts(() -> ScienceQaPredictions.read(file).texts());
    }
}
