package org.llava4j.data.tokenizer;

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

/** Fuzz target: {@code tokenizer.json}, and encoding and decoding with what it describes. */
class TokenizerJsonFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "tokenizer.json", 100);

    /** Both ways to treat spaces, and byte fallback. */
    private static final String SEED = """
            {"version":"1.0","added_tokens":[{"id":0,"content":"<unk>","special":true},
            {"id":1,"content":"<s>","lstrip":true,"special":true},{"id":2,"content":"</s>","normalized":true}],
            "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
            {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
            "pre_tokenizer":%s,"post_processor":null,
            "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
            %s{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
            "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":%s,
            "vocab":{"<unk>":0,"<s>":1,"</s>":2,"▁":3,"a":4,"b":5,"ab":6,"▁a":7,"<0x41>":8},
            "merges":[%s]}}""";

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        String split = "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"first\",\"split\":false}";
        return FuzzSeeds.texts(
                SEED.formatted(split, "", "false", "[\"a\",\"b\"],[\"▁\",\"a\"]"),
                SEED.formatted("null", "{\"type\":\"ByteFallback\"},", "true", "\"a b\",\"▁ a\""));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path file = FuzzFile.write(folder.resolve("tokenizer.json"), bytes);
        ORACLE.accepts(() -> {
            LlamaTokenizer tokenizer = LlamaTokenizer.load(file);
            tokenizer.encodeWithImages("ab <image> b</s>");
            tokenizer.decode(tokenizer.encodeWithBos("ab A b</s>"));
        });
    }
}
