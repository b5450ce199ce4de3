package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.testing.Golden;

/** All strings of {@code j_transformers5}, compared with the library {@code tokenizers}. */
class TokenizerJsonGoldenTest {
    private static final LlamaTokenizer METASPACE = LlamaTokenizer.load(Golden.path("j_transformers5/llama"));
    private static final LlamaTokenizer PREPEND = LlamaTokenizer.load(Golden.path("j_transformers5/older_tokenizer"));

    static Stream<Arguments> cases() {
        return Stream.concat(
                cases(METASPACE, "j_transformers5/tokenizer_cases.json"),
                cases(PREPEND, "j_transformers5/older_tokenizer/tokenizer_cases.json"));
    }

    private static Stream<Arguments> cases(LlamaTokenizer tokenizer, String file) {
        JsonNode cases = Golden.json(file);
        assertThat(cases).hasSize(50);
        return StreamSupport.stream(cases.spliterator(), false).map(golden -> Arguments.of(tokenizer, golden));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tokenizerEqualsHuggingFace(LlamaTokenizer tokenizer, JsonNode golden) {
        String text = golden.get("text").textValue();
        int[] ids = Golden.ints(golden.get("ids"));
        assertThat(tokenizer.encodeWithBos(text))
                .isEqualTo(IntStream.concat(IntStream.of(1), Arrays.stream(ids)).toArray());
        assertThat(tokenizer.decodeWithSpecialTokens(ids))
                .isEqualTo(golden.get("decoded").textValue());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void imageIsSentinel(LlamaTokenizer tokenizer, JsonNode golden) {
        int[] expected = IntStream.concat(
                        IntStream.of(1),
                        Arrays.stream(Golden.ints(golden.get("ids")))
                                .map(id -> id == 1000 ? LlamaTokenizer.IMAGE_TOKEN_ID : id))
                .toArray();
        assertThat(tokenizer.encodeWithImages(golden.get("text").textValue())).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void startsPointToFirstCharOfToken(LlamaTokenizer tokenizer, JsonNode golden) {
        String text = golden.get("text").textValue();
        Encoding encoding = tokenizer.encodePrompt(text, true);
        assertThat(encoding.starts()[0]).isEqualTo(Encoding.NO_CHAR);
        int previous = 0;
        for (int i = 1; i < encoding.ids().length; i++) {
            int start = encoding.starts()[i];
            assertThat(start).isBetween(previous, text.length() - 1);
            String rest = text.substring(start).replace(' ', SentencePieceModel.SPACE);
            String shown = encoding.ids()[i] == LlamaTokenizer.IMAGE_TOKEN_ID
                    ? LlamaTokenizer.IMAGE_TEXT
                    : tokenizer.piece(encoding.ids()[i]);
            assertThat(TokenizerJsonModel.byteOf(shown) >= 0
                            || rest.startsWith(shown)
                            || rest.startsWith(shown.substring(1)))
                    .as("token %d, \"%s\" at %d of \"%s\"", i, shown, start, text)
                    .isTrue();
            previous = start;
        }
    }
}
