package org.llava4j.data.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;
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
import org.llava4j.testing.GgufBuilder;

/** Fuzz target: the header of a GGUF file, and the tokenizer in it. */
class GgufTokenizerFuzzTargetTest {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz.gguf", 100);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        GgufBuilder small = new GgufBuilder()
                .text("general.architecture", "llama")
                .text(PREFIX + "model", "llama")
                .texts(PREFIX + "tokens", List.of("<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "<image>", "[PAD8]"))
                .decimals(PREFIX + "scores", 0, 0, 0, -1, -2, -3, -4, 0, 0)
                .integers(PREFIX + "token_type", 2, 3, 3, 1, 1, 1, 1, 4, 5)
                .integer(PREFIX + "unknown_token_id", 0)
                .integer(PREFIX + "bos_token_id", 1)
                .integer(PREFIX + "eos_token_id", 2)
                .bool(PREFIX + "add_bos_token", true)
                .bool(PREFIX + "add_space_prefix", false)
                .range("norm", 3);
        return Stream.of(FuzzSeeds.of("nine tokens", small.bytes()));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("fuzz.gguf"), bytes);
        ORACLE.accepts(() -> {
            GgufTokenizer read = GgufTokenizer.read(file);
            LlamaTokenizer tokenizer = LlamaTokenizer.of(read.model(), read.config());
            tokenizer.encodeWithImages("ab<image> b</s>");
            tokenizer.decode(tokenizer.encodeWithBos("ab b</s>[PAD8]"));
        });
    }
}
