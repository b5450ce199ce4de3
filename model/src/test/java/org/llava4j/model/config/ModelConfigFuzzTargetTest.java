package org.llava4j.model.config;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/** Fuzz target: the JSON files of a model folder, each with the input in the place of the file. */
class ModelConfigFuzzTargetTest {
    private static final List<String> FILES = List.of(
            "config.json",
            "generation_config.json",
            "preprocessor_config.json",
            "processor_config.json",
            ChatFormat.TEMPLATE_FILE);

    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-model", 100);

    @TempDir
    private Path temp;

    static Stream<Arguments> seeds() {
        Path golden = Golden.path("j_transformers5");
        return FuzzSeeds.files(
                golden.resolve("llava/config.json"),
                golden.resolve("llava/processor_config.json"),
                golden.resolve("llava/generation_config.json"),
                golden.resolve("llama/config.json"),
                golden.resolve("clip/config.json"),
                golden.resolve("clip/preprocessor_config.json"),
                Golden.path("h_llava_hf/config.json"),
                Golden.path("i_llava_bin/config.json"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        for (String name : FILES) {
            Path folder = Files.createDirectories(temp.resolve("fuzz-model"));
            copyOthers(name, folder);
            FuzzFile.write(folder.resolve(name), bytes);
            ORACLE.accepts(() -> readAll(folder));
        }
    }

    private static void copyOthers(String name, Path folder) throws IOException {
        for (String other : FILES) {
            Path golden = Golden.path("j_transformers5/llava").resolve(other);
            Path file = folder.resolve(other);
            Files.deleteIfExists(file);
            if (!other.equals(name) && Files.exists(golden)) {
                Files.copy(golden, file);
            }
        }
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
