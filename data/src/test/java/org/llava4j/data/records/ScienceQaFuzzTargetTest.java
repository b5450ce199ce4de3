package org.llava4j.data.records;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: {@code problems.json} and {@code pid_splits.json}, which are one input with a NUL between them. */
class ScienceQaFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-scienceqa", 200);

    @TempDir
    private Path temp;

    static Stream<Arguments> seeds() {
        String problem = "{\"question\": \"Which?\", \"choices\": [\"a\", \"b\"], \"answer\": 1, \"hint\": \"\","
                + " \"image\": null, \"task\": \"t\", \"grade\": \"grade1\", \"subject\": \"language science\","
                + " \"topic\": \"\", \"category\": \"\", \"skill\": \"\", \"lecture\": \"l\", \"solution\": \"s\","
                + " \"split\": \"test\"}";
        return FuzzSeeds.texts("{\"1\": " + problem + ",\n \"2\": " + problem.replace("null", "\"image.png\"")
                + "}\0{\"test\": [\"2\", \"1\"], \"val\": []}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        List<byte[]> files = FuzzFile.split(bytes);
        Path folder = Files.createDirectories(temp.resolve("fuzz-scienceqa"));
        FuzzFile.write(folder.resolve("problems.json"), files.get(0));
        FuzzFile.write(folder.resolve("pid_splits.json"), files.get(1));
        ORACLE.accepts(() -> {
            try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(folder, "test")) {
                while (reader.hasNext()) {
                    reader.next();
                }
            }
        });
    }
}
