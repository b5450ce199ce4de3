package org.llava4j.model.tensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: PyTorch checkpoints, which are a zip with a pickle. */
class TorchFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.bin", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() throws IOException {
        List<Arguments> seeds = new ArrayList<>();
        for (String name :
                new String[] {"views", "state_dict", "protocol4", "parameter", "types", "training", "legacy"}) {
            try (InputStream in = TorchFuzzTargetTest.class.getResourceAsStream(name + ".bin")) {
                seeds.add(FuzzSeeds.of(name, Objects.requireNonNull(in, name).readAllBytes()));
            }
        }
        return seeds.stream();
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path path = FuzzFile.write(folder.resolve("fuzz.bin"), bytes);
        ORACLE.accepts(() -> {
            try (TorchFile file = TorchFile.open(path)) {
                TensorReading.readAll(file, bytes.length, (store, info) -> store.read(info.name()));
            }
        });
    }
}
