package org.llava4j.data.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/** Fuzz target: {@code tokenizer_config.json} and {@code special_tokens_map.json}, with the same content. */
class TokenizerConfigFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-tokenizer", 100);

    private Path model;

    @TempDir
    private Path temp;

    @BeforeEach
    void copyModel() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("fuzz-tokenizer"));
        model = folder.resolve("tokenizer.model");
        if (!Files.exists(model)) {
            Files.copy(Golden.path("e_spm/tokenizer.model"), model);
        }
    }

    static Stream<Arguments> seeds() {
        Path settings = Golden.path("e_spm/hf_legacy_true");
        return FuzzSeeds.files(
                settings.resolve("tokenizer_config.json"),
                settings.resolve("special_tokens_map.json"),
                Golden.path("j_transformers5/llava/tokenizer_config.json"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        for (String name : new String[] {"tokenizer_config.json", "special_tokens_map.json"}) {
            Path file = FuzzFile.write(model.resolveSibling(name), bytes);
            ORACLE.accepts(() -> LlamaTokenizer.load(model).encodeWithBos("Hi</s>"));
            Files.delete(file);
        }
    }
}
