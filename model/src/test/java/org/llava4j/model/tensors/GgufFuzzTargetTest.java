package org.llava4j.model.tensors;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.BlockMatrix;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.GgufBuilder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Fuzz target: GGUF files, header and tensors, which are dequantized. */
class GgufFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.gguf", 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        byte[] tensors = new GgufBuilder()
                .text("general.architecture", "llama")
                .integers("list", 1, 2, 3)
                .range("norm", 3)
                .tensor("blocks", GgufBuilder.Q4_0, new byte[2 * 2 * 18], 2, 64)
                .tensor("bytes", GgufBuilder.Q8_0, new byte[34], 1, 32)
                .tensor("super", GgufBuilder.Q4_K, new byte[144], 1, 256)
                .tensor("half", GgufBuilder.F16, new byte[] {0, 0x3c, 0, 0x40}, 2, 1)
                .bytes();
        return Stream.of(FuzzSeeds.of("five types", tensors));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path path = FuzzFile.write(folder.resolve("fuzz.gguf"), bytes);
        ORACLE.accepts(() -> {
            try (GgufFile file = GgufFile.open(path)) {
                TensorReading.readAll(file, bytes.length, GgufFuzzTargetTest::floats);
            }
        });
    }

    private static INDArray floats(GgufFile file, TensorInfo info) {
        if (info.type() != TensorType.U8) {
            return file.read(info.name());
        }
        try (INDArray blocks = file.read(info.name())) {
            return BlockMatrix.dequantize(blocks);
        }
    }
}
