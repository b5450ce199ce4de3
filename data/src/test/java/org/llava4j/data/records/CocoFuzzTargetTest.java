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

/** Fuzz target: COCO's captions and instances files, which are one input with a NUL between them. */
class CocoFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-coco", 200);

    @TempDir
    private Path temp;

    static Stream<Arguments> seeds() {
        String images = "\"images\": [{\"id\": 5, \"file_name\": \"five.jpg\", \"width\": 200, \"height\": 100},\n"
                + "{\"id\": 4, \"file_name\": \"four.jpg\", \"width\": 10, \"height\": 20}]";
        return FuzzSeeds.texts("{\"info\": {}, " + images + ", \"annotations\": [{\"id\": 1, \"image_id\": 5,"
                + " \"caption\": \"a man\"}, {\"id\": 2, \"image_id\": 4, \"caption\": \"a boat\"}]}\0{" + images
                + ", \"annotations\": [{\"id\": 9, \"image_id\": 5, \"category_id\": 2, \"iscrowd\": 0, \"bbox\":"
                + " [1.5, 2, 30.25, 40], \"area\": 1.0, \"segmentation\": [[1, 2]]}],\n\"categories\": [{\"id\": 1,"
                + " \"name\": \"man\"}, {\"id\": 2, \"name\": \"chair\"}]}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        List<byte[]> files = FuzzFile.split(bytes);
        Path folder = Files.createDirectories(temp.resolve("fuzz-coco"));
        Path captions = FuzzFile.write(folder.resolve("captions.json"), files.get(0));
        Path instances = FuzzFile.write(folder.resolve("instances.json"), files.get(1));
        ORACLE.accepts(() -> readAll(CocoRecordReader.open(captions, null)));
        ORACLE.accepts(() -> readAll(CocoRecordReader.open(captions, instances)));
    }

    private static void readAll(CocoRecordReader reader) {
        try (reader) {
            while (reader.hasNext()) {
                reader.next();
            }
        }
    }
}
