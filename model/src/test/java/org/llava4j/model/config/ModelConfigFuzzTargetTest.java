package org.llava4j.model.config;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/**
 * Fuzz target: the JSON files of a model folder. The first byte of an input selects the file that the rest of it
 * replaces.
 */
class ModelConfigFuzzTargetTest {
    private static final Path GOLDEN = Golden.path("j_transformers5/llava");
    private static final List<String> FILES = List.of(
            "config.json",
            "generation_config.json",
            "preprocessor_config.json",
            "processor_config.json",
            ChatFormat.TEMPLATE_FILE);

    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-model", 100);

    @TempDir
    private static Path temp;

    @BeforeAll
    static void createFolders() throws IOException {
        for (int replaced = 0; replaced < FILES.size(); replaced++) {
            Path folder = Files.createDirectories(folder(replaced));
            for (String name : FILES) {
                if (!name.equals(FILES.get(replaced)) && Files.exists(GOLDEN.resolve(name))) {
                    Files.copy(GOLDEN.resolve(name), folder.resolve(name));
                }
            }
        }
    }

    private static Path folder(int replaced) {
        return temp.resolve("fuzz-model-" + replaced);
    }

    static Stream<Arguments> seeds() throws IOException {
        Path others = Golden.path("j_transformers5");
        return Stream.of(
                seed(0, GOLDEN.resolve("config.json")),
                seed(1, GOLDEN.resolve("generation_config.json")),
                seed(3, GOLDEN.resolve("processor_config.json")),
                seed(0, others.resolve("llama/config.json")),
                seed(0, others.resolve("clip/config.json")),
                seed(2, others.resolve("clip/preprocessor_config.json")),
                seed(0, Golden.path("h_llava_hf/config.json")),
                seed(0, Golden.path("i_llava_bin/config.json")));
    }

    private static Arguments seed(int replaced, Path file) throws IOException {
        byte[] bytes = (replaced + Files.readString(file)).getBytes(StandardCharsets.UTF_8);
        return FuzzSeeds.of(GOLDEN.getParent().getParent().relativize(file).toString(), bytes);
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        if (bytes.length == 0) {
            return;
        }
        int replaced = Math.floorMod(bytes[0] - '0', FILES.size());
        Path folder = folder(replaced);
        FuzzFile.write(folder.resolve(FILES.get(replaced)), Arrays.copyOfRange(bytes, 1, bytes.length));
        ORACLE.accepts(() -> readAll(folder));
    }

    /** Reads every config of a folder, as the commands do. */
    private static void readAll(Path folder) {
        if (LlavaConfig.isLlava(folder)) {
            LlavaConfig config = LlavaConfig.read(folder, null);
            require(config.numImageTokens() <= SizeLimits.PATCHES + 1, "image tokens");
            require(config.decoder().layers() <= SizeLimits.LAYERS, "layers");
            LlavaConfig.towerTraining(folder);
            LlavaConfig.findVisionTower(folder);
            LlavaConfig.readShapes(folder, null);
        } else if (LlavaConfig.isClip(folder)) {
            require(ClipConfig.read(folder).layers() <= SizeLimits.LAYERS, "layers");
        } else {
            require(LlamaConfig.read(folder).layers() <= SizeLimits.LAYERS, "layers");
        }
        if (ClipPreprocessing.isIn(folder)) {
            ClipPreprocessing.read(folder);
        }
        GenerationConfig.eosIds(folder);
        if (ChatFormat.isIn(folder)) {
            ChatFormat.of(folder);
        }
    }

    private static void require(boolean bounded, String what) {
        if (!bounded) {
            throw new AssertionError("too many " + what);
        }
    }
}
