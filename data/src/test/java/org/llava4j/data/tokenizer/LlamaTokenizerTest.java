package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.testing.Golden;

class LlamaTokenizerTest {
    private static final LlamaTokenizer PLAIN = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));

    @TempDir
    private Path folder;

    @BeforeEach
    void copyModel() throws IOException {
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
    }

    @Test
    void loadDefaultsToLlamaSpecialTokens() {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        assertThat(tokenizer.encodeWithBos("Hi</s>")).isEqualTo(PLAIN.encodeWithBos("Hi</s>"));
        assertThat(tokenizer.eosId()).isEqualTo(2);
    }

    @Test
    void addedTokensAreMatchedAndCounted() throws IOException {
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_start>\": 1001, \"<im_patch>\": 1000}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"</s>\"}");
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        assertThat(tokenizer.size()).isEqualTo(1002);
        assertThat(tokenizer.padId()).isEqualTo(2);
        int[] ids = tokenizer.encodeWithImages("<im_start><image> b");
        assertThat(ids).startsWith(1, 1001, LlamaTokenizer.IMAGE_TOKEN_ID);
        assertThat(tokenizer.piece(1001)).isEqualTo("<im_start>");
        // It is not special, so decoding keeps it; the text after it starts anew, without its first space.
        assertThat(tokenizer.decode(tokenizer.encodeWithBos("Hi <im_start> there")))
                .isEqualTo("Hi <im_start>there");
        assertThat(tokenizer.decodeWithSpecialTokens(tokenizer.encodeWithBos("Hi<im_start>there")))
                .isEqualTo("<s>Hi<im_start>there");
    }

    @Test
    void withSpecialTokensAddsTokens() {
        LlamaTokenizer tokenizer = PLAIN.withSpecialTokens(List.of("<im_start>", "<im_end>", "</s>"));
        assertThat(tokenizer.size()).isEqualTo(1002);
        assertThat(tokenizer.pieceId("<im_start>")).isEqualTo(1000);
        assertThat(tokenizer.pieceId("<im_end>")).isEqualTo(1001);
        assertThat(tokenizer.encodeWithBos("<im_start><im_end></s>")).containsExactly(1, 1000, 1001, 2);
        assertThat(tokenizer.decode(new int[] {1, 1000, 1001, 2})).isEmpty();
        assertThat(PLAIN.size()).isEqualTo(1000);
    }

    @Test
    void encodeStripsSpaceAroundToken() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"1000\": {\"content\": \"<sep>\", \"lstrip\": true, \"rstrip\": true,"
                        + " \"special\": true}}}");
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        assertThat(tokenizer.encodeWithBos("Hi  <sep>  there")).isEqualTo(tokenizer.encodeWithBos("Hi<sep>there"));
        Encoding encoding = tokenizer.encodePrompt("Hi  <sep>  there", false);
        assertThat(encoding.starts()).startsWith(Encoding.NO_CHAR, 0).contains(4, 11);
    }

    @Test
    void imageStartEndTokensRequireAddedTokens() throws IOException {
        assertThatThrownBy(() -> ImageStartEndTokens.of(PLAIN, folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(
                        folder + ": \"mm_use_im_start_end\" is true but the tokenizer has no token <im_start>");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_start>\": 1001, \"<im_patch>\": 1000}");
        assertThatThrownBy(() -> ImageStartEndTokens.of(LlamaTokenizer.load(folder), folder))
                .hasMessageContaining("has no token <im_end>; use the added_tokens.json of the weights");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_end>\": 1001, \"<im_start>\": 1000}");
        assertThat(ImageStartEndTokens.of(LlamaTokenizer.load(folder), folder))
                .isEqualTo(new ImageStartEndTokens(1000, 1001));
        assertThatThrownBy(() -> new ImageStartEndTokens(7, 7)).isInstanceOf(BadInputException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "added_tokens.json       | {\"<x>\": 5}                        | which is",
                "added_tokens.json       | {\"<x>\": \"5\"}                    | must have an id",
                "added_tokens.json       | {\"<x>\": 99999999}                 | far outside the 1000 pieces",
                "added_tokens.json       | {\"<x>\": 1000, \"<y>\": 1000}      | is listed twice",
                "added_tokens.json       | {\"<x>\": 1000, }                   | line 1",
                "added_tokens.json       | [1]                                 | one JSON object",
                "tokenizer_config.json   | {\"eos_token\": \"<end>\"}          | does not contain the piece \"<end>\"",
                "tokenizer_config.json   | {\"eos_token\": 2}                  | \"eos_token\" must be a string",
                "tokenizer_config.json   | {\"added_tokens_decoder\": {\"x\": {}}} | not an id",
                "tokenizer_config.json   | {\"added_tokens_decoder\": {\"1000\": {}}} | \"added_tokens_decoder.1000\" must be",
                "special_tokens_map.json | {\"unk_token\": {\"content\": \"\"}} | \"unk_token\" must be a string",
                "tokenizer_config.json   | {\"add_eos_token\": true}          | \"add_eos_token\" is true",
                "tokenizer_config.json   | {\"add_bos_token\": \"no\"}      | \"add_bos_token\" must be true or false",
                "tokenizer_config.json   | {\"bos_token\": null}              | \"bos_token\" is null",
                "tokenizer_config.json   | {\"eos_token\": null}              | \"eos_token\" is null",
                "tokenizer_config.json   | {\"clean_up_tokenization_spaces\": true} | \"clean_up_tokenization_spaces\" is true",
                "tokenizer_config.json   | {\"do_lower_case\": true}          | \"do_lower_case\" is true",
                "tokenizer_config.json   | {\"split_special_tokens\": true}   | \"split_special_tokens\" is true",
                "tokenizer_config.json   | {\"sp_model_kwargs\": {\"enable_sampling\": true}} | \"sp_model_kwargs\" is",
                "tokenizer_config.json   | {\"tokenizer_class\": \"GemmaTokenizer\"} | \"tokenizer_class\" is GemmaTokenizer",
                "tokenizer_config.json   | {\"additional_special_tokens\": \"<a>\"} | must be a list of tokens",
                "tokenizer_config.json   | {\"bos_token\": {\"content\": \"<s>\", \"single_word\": true}} | \"single_word\"",
                "tokenizer_config.json   | {\"added_tokens_decoder\": {\"1000\": {\"content\": \"<x>\", \"single_word\": true}}} | \"single_word\"",
            })
    void loadRejectsInvalidFile(String name, String content, String message) throws IOException {
        Files.writeString(folder.resolve(name), content);
        assertThatThrownBy(() -> LlamaTokenizer.load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(folder.toString())
                .hasMessageNotContaining("\n");
    }

    private LlamaTokenizer with(String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return LlamaTokenizer.load(folder);
    }

    @Test
    void loadAppliesAddBosToken() throws IOException {
        int[] whole = PLAIN.encodeWithImages("Hi <image> there");
        int[] bare = with("{\"add_bos_token\": false}").encodeWithImages("Hi <image> there");
        assertThat(bare).isEqualTo(Arrays.copyOfRange(whole, 1, whole.length));
        LlamaTokenizer none = with("{\"add_bos_token\": false, \"bos_token\": null}");
        assertThat(none.encodeWithImages("Hi <image> there")).isEqualTo(bare);
        assertThat(none.bosId()).isEqualTo(SpecialTokens.NONE);
        assertThat(with("{\"add_bos_token\": null}").encodeWithBos("Hi")).isEqualTo(PLAIN.encodeWithBos("Hi"));
    }

    @Test
    void loadAppliesAddPrefixSpace() throws IOException {
        String off = "{\"add_prefix_space\": false, \"legacy\": ";
        assertThat(with(off + "true}").encodeWithBos("Hi")).isEqualTo(PLAIN.encodeWithBos("Hi"));
        LlamaTokenizer newer = with(off + "false}");
        Encoding encoding = newer.encodePrompt("Hi</s> you", false);
        assertThat(newer.piece(encoding.ids()[1])).doesNotStartWith("\u2581");
        assertThat(encoding.starts()).startsWith(Encoding.NO_CHAR, 0);
        assertThat(newer.encodeWithBos(" Hi")).isEqualTo(PLAIN.withLegacy(false).encodeWithBos("Hi"));
        assertThat(newer.decode(newer.encodeWithBos(" Hi"))).isEqualTo(" Hi");
        assertThat(newer.decode(newer.encodeWithBos("Hi"))).isEqualTo("Hi");
    }

    @Test
    void loadAssignsMissingIds() throws IOException {
        LlamaTokenizer tokenizer =
                with("{\"additional_special_tokens\": [\"<a>\", {\"content\": \"<b>\", \"lstrip\": true}],"
                        + " \"pad_token\": \"[PAD]\", \"added_tokens_decoder\": {\"1000\": {\"content\": \"<x>\"}}}");
        assertThat(tokenizer.padId()).isEqualTo(1001);
        assertThat(tokenizer.encodeWithBos("<x><a>  <b>")).containsExactly(1, 1000, 1002, 1003);
        assertThat(tokenizer.decode(new int[] {1000, 1002, 1003})).isEqualTo("<x>");
        assertThat(tokenizer.size()).isEqualTo(1004);
        assertThatThrownBy(() -> with("{\"additional_special_tokens\": [\"<a>\"],"
                        + " \"added_tokens_decoder\": {\"1005\": {\"content\": \"<x>\"}}}"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the special token \"<a>\" has no id");
    }

    /**
     * Precedence as in transformers: only {@code added_tokens_decoder}, or without it the other files before the
     * config.
     */
    @Test
    void addedTokensDecoderTakesPrecedence() throws IOException {
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"</s>\"}");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<y>\": 1000}");
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"added_tokens\": [{\"id\": 1001, \"content\": \"<z>\", \"rstrip\": true, \"special\": true},"
                        + " {\"id\": 2, \"content\": \"</s>\", \"lstrip\": true}]}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"pad_token\": \"<s>\"}");
        LlamaTokenizer older = LlamaTokenizer.load(folder.resolve("tokenizer.model"));
        assertThat(older.padId()).isEqualTo(2);
        assertThat(older.encodeWithBos("<y><z>   <y>  </s>")).containsExactly(1, 1000, 1001, 1000, 2);
        Files.delete(folder.resolve("tokenizer.json"));
        LlamaTokenizer newer = with("{\"pad_token\": \"<s>\", \"added_tokens_decoder\": {}}");
        assertThat(newer.padId()).isEqualTo(1);
        assertThat(newer.encodeWithBos("<y>")).containsExactly(1, 1000);
        assertThat(newer.size()).isEqualTo(1001);
        assertThat(ConfigWarnings.in(folder.resolve("added_tokens.json")))
                .singleElement()
                .asString()
                .contains("<y> not in \"added_tokens_decoder\"");
    }

    @Test
    void loadReportsUnknownKeys() throws IOException {
        with("{\"novel\": 1}");
        assertThat(ConfigWarnings.in(folder))
                .singleElement()
                .asString()
                .startsWith(folder.resolve("tokenizer_config.json") + ": unknown key \"novel\"");
    }

    @Test
    void encodeStripsPythonWhitespace() throws IOException {
        LlamaTokenizer tokenizer = with(
                "{\"added_tokens_decoder\": {\"1000\": {\"content\": \"<sep>\", \"lstrip\": true, \"rstrip\": true}}}");
        assertThat(tokenizer.encodeWithBos("a\u00a0 <sep>\u0085\u202fb")).isEqualTo(tokenizer.encodeWithBos("a<sep>b"));
    }

    @Test
    void loadRejectsMissingModel() throws IOException {
        Files.delete(folder.resolve("tokenizer.model"));
        assertThatThrownBy(() -> LlamaTokenizer.load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tokenizer.model: no such file");
    }

    @Test
    void decodeRejectsIdOutsideVocabulary() {
        assertThatThrownBy(() -> PLAIN.decode(new int[] {1, 1000}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("token id 1000 is outside the tokenizer's 1000 ids");
        assertThatThrownBy(() -> PLAIN.decodePieces(new int[] {-200})).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> PLAIN.piece(-1)).isInstanceOf(BadInputException.class);
    }

    @Test
    void decodeReturnsEncodedText() {
        Random random = new Random(1);
        List<String> parts =
                new ArrayList<>(List.of(" ", "  ", "\n", "é", "😀", "\0", "你好", "#", "</", "s>", "\u0301"));
        for (int i = 0; i < 400; i++) {
            parts.add(PLAIN.piece(259 + random.nextInt(741)).replace(SentencePieceModel.SPACE, ' '));
        }
        for (int round = 0; round < 500; round++) {
            StringBuilder text = new StringBuilder("x");
            for (int i = random.nextInt(20); i >= 0; i--) {
                text.append(parts.get(random.nextInt(parts.size())));
            }
            assertThat(PLAIN.decodePieces(PLAIN.encode(text.toString()))).isEqualTo(text.toString());
        }
    }

    @Test
    void streamingDecodeEqualsDecode() {
        Random random = new Random(2);
        for (int round = 0; round < 500; round++) {
            int[] ids = random.ints(1 + random.nextInt(15), 0, 1000).toArray();
            if (random.nextBoolean()) {
                // Runs of bytes, most of them invalid UTF-8.
                ids = Arrays.stream(ids).map(id -> 3 + id % 256).toArray();
            }
            StringBuilder streamed = new StringBuilder();
            StreamingDecoder stream = PLAIN.streamingDecoder();
            for (int id : ids) {
                streamed.append(stream.next(id));
            }
            assertThat(streamed.append(stream.finish())).hasToString(PLAIN.decode(ids));
        }
    }

    @Test
    void streamingDecoderBuffersIncompleteCharacter() {
        StreamingDecoder stream = PLAIN.streamingDecoder();
        List<String> shown = new ArrayList<>();
        for (int id : PLAIN.encode("a😀b")) {
            shown.add(stream.next(id));
        }
        assertThat(shown).containsExactly("a", "", "", "", "😀", "b");
        StreamingDecoder broken = PLAIN.streamingDecoder();
        assertThat(broken.next(PLAIN.pieceId("<0xE2>"))).isEmpty();
        assertThat(broken.next(PLAIN.pieceId("<0x82>"))).isEmpty();
        assertThat(broken.finish()).isEqualTo("\uFFFD\uFFFD");
    }

    @Test
    void encodeReplacesLoneSurrogate() {
        assertThat(PLAIN.encode("a\uD83D")).isEqualTo(PLAIN.encode("a\uFFFD"));
    }
}
