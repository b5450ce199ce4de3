package org.llava4j.data.llm;

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

/** Fuzz target: the journal of requests to a language model, opened for reading and to resume. */
class RequestJournalFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.calls.jsonl", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts("""
                {"event":"lead","lead":"h","messages":[{"role":"system","content":"s"}]}
                {"event":"sent","key":"k1","label":"l","lead":"h","question":"q","boundTokens":90}
                {"event":"answered","key":"k1","tokens":7,"answer":{"text":"Yes.","finish":"stop","model":"m","promptTokens":5,"completionTokens":2}}
                {"event":"sent","key":"k2","label":"l","lead":"h","question":"q","boundTokens":90}
                {"event":"failed","key":"k2","tokens":0,"reason":"timeout"}
                {"event":"sent","key":"k2","boundTokens":90}
                {"event":"refused","key":"k2","tokens":0,"reason":"too long"}
                {"event":"sent","key":"k3","boundTokens":90}
                {"event":"ans""");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz.calls.jsonl"), bytes);
        ORACLE.accepts(() -> {
            try (RequestJournal journal = RequestJournal.read(file)) {
                requireAnswers(journal);
            }
        });
        ORACLE.accepts(() -> RequestJournal.append(file).close());
    }

    private static void requireAnswers(RequestJournal journal) {
        for (String key : new String[] {"k1", "k2"}) {
            if (journal.isSettled(key) && journal.answer(key) == null && journal.rejectionReason(key) == null) {
                throw new AssertionError(key + " is settled without an answer or a reason");
            }
        }
    }
}
