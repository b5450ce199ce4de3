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

/** Fuzz target: captions in each format that is detected by the name of the file, and by its content. */
class CaptionFuzzTargetTest {
    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts(
                "[{\"id\": \"GCC_1\", \"image\": \"GCC_1.jpg\", \"caption\": \"a dog\"},\n"
                        + "{\"id\": 7, \"image\": \"a.jpg\", \"caption\": \"two cats\", \"blip_caption\": \"cats\"}]",
                "{\"id\": \"1\", \"image\": \"a.jpg\", \"caption\": \"a\"}\n{\"id\": \"2\", \"image\": \"b.jpg\","
                        + " \"caption\": \"b\"}\n",
                "[{\"id\": \"1\", \"image\": \"a.jpg\", \"conversations\": [{\"from\": \"human\", \"value\":"
                        + " \"Describe.\\n<image>\"}, {\"from\": \"gpt\", \"value\": \"a dog\"}]}]",
                "{\"images\": [{\"id\": 5, \"file_name\": \"five.jpg\"}], \"annotations\": [{\"id\": 1, \"image_id\":"
                        + " 5, \"caption\": \"a man\"}]}",
                "a dog\thttp://localhost/1.jpg\n\"a \"\"cat\"\"\"\thttp://localhost/2.jpg\n",
                "caption\turl\na dog\thttp://localhost/1.jpg\n");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        for (String name : new String[] {"fuzz.json", "fuzz.jsonl", "fuzz.tsv"}) {
            Path file = FuzzFile.write(folder.resolve(name), bytes);
            new FuzzOracle(BadInputException.class, name, 200).accepts(() -> {
                try (CaptionRecordReader reader = CaptionRecordReader.open(file)) {
                    while (reader.hasNext()) {
                        reader.next();
                    }
                }
            });
        }
    }
}
