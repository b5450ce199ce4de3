package org.llava4j.eval.predictions;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.eval.report.RunConfiguration;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: the journal of an evaluation, which is opened to resume, twice with the same answers. */
class AnswerJournalFuzzTargetTest {
    private static final RunConfiguration CONFIGURATION =
            new RunConfiguration(new TreeMap<>(Map.of("seed", "1")), Map.of());
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-journal", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts("{\"run_configuration\":{\"seed\":\"1\"}}\n"
                + "{\"1\":\"A\",\"2\":\"The answer is B.\"}\n{\"3\":\"C\"}\n{\"4\":\"D");
    }

    @MethodSource("seeds")
    @FuzzTest
    void open(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz-journal.jsonl"), bytes);
        ORACLE.accepts(() -> {
            try (AnswerJournal first = AnswerJournal.open(file, CONFIGURATION);
                    AnswerJournal second = AnswerJournal.open(file, CONFIGURATION)) {
                if (!first.answers().equals(second.answers())) {
                    throw new AssertionError("opening the journal changed its answers");
                }
            }
        });
    }
}
