package org.llava4j.data.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.SentencePiece.Type;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/** Fuzz target: {@code tokenizer.model}, and encoding and decoding with what it describes. */
class SentencePieceFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-tokenizer.model", 100);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        List<SentencePiece> pieces = List.of(
                new SentencePiece("<unk>", 0, Type.UNKNOWN),
                new SentencePiece("<s>", 0, Type.CONTROL),
                new SentencePiece("</s>", 0, Type.CONTROL),
                new SentencePiece("a", -1, Type.NORMAL),
                new SentencePiece("b", -2, Type.NORMAL),
                new SentencePiece("ab", -3, Type.NORMAL),
                new SentencePiece("<img>", 0, Type.USER_DEFINED));
        SentencePieceModel small = new SentencePieceModel("small", pieces, false, true, "?");
        return Stream.concat(
                Stream.of(FuzzSeeds.of("seven pieces", SentencePieceWriter.bytes(small))),
                FuzzSeeds.files(Golden.path("e_spm/tokenizer.model")));
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        ORACLE.accepts(() -> {
            LlamaTokenizer tokenizer =
                    LlamaTokenizer.of(SentencePieceReader.read("fuzz-tokenizer.model", bytes), folder);
            tokenizer.decode(tokenizer.encodeWithBos("ab Hello wörld </s> 你 <img>"));
        });
    }
}
