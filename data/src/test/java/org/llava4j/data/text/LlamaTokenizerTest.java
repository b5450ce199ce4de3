package org.llava4j.data.text;

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
import org.llava4j.data.Golden;

class LlamaTokenizerTest {
    private static final LlamaTokenizer PLAIN = LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model"));

    @TempDir
    private Path folder;

    @BeforeEach
    void copyModel() throws IOException {
        Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
    }

    @Test
    void aFolderWithoutJsonFilesHasLlamasSpecialTokens() {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        assertThat(tokenizer.encodeWithBos("Hi</s>")).isEqualTo(PLAIN.encodeWithBos("Hi</s>"));
        assertThat(tokenizer.endId()).isEqualTo(2);
    }

    @Test
    void addedTokensStandForThemselvesAndCountInTheSize() throws IOException {
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_start>\": 1001, \"<im_patch>\": 1000}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"</s>\"}");
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        assertThat(tokenizer.size()).isEqualTo(1002);
        assertThat(tokenizer.padId()).isEqualTo(2);
        int[] ids = tokenizer.encodeWithImages("<im_start><image> b");
        assertThat(ids).startsWith(1, 1001, LlamaTokenizer.IMAGE_TOKEN_ID);
        assertThat(tokenizer.piece(1001)).isEqualTo("<im_start>");
        // No special token, so decoding keeps it; the text behind it begins anew, without its first space.
        assertThat(tokenizer.decode(tokenizer.encodeWithBos("Hi <im_start> there")))
                .isEqualTo("Hi <im_start>there");
        assertThat(tokenizer.decodeWithSpecialTokens(tokenizer.encodeWithBos("Hi<im_start>there")))
                .isEqualTo("<s>Hi<im_start>there");
    }

    @Test
    void tokensCanBeAddedToATokenizerAtHand() {
        LlamaTokenizer tokenizer = PLAIN.withSpecialTokens(List.of("<im_start>", "<im_end>", "</s>"));
        assertThat(tokenizer.size()).isEqualTo(1002);
        assertThat(tokenizer.pieceId("<im_start>")).isEqualTo(1000);
        assertThat(tokenizer.pieceId("<im_end>")).isEqualTo(1001);
        assertThat(tokenizer.encodeWithBos("<im_start><im_end></s>")).containsExactly(1, 1000, 1001, 2);
        assertThat(tokenizer.decode(new int[] {1, 1000, 1001, 2})).isEmpty();
        assertThat(PLAIN.size()).isEqualTo(1000);
    }

    @Test
    void aTokenMayTakeTheSpaceAroundItAlong() throws IOException {
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
    void theImageSlotIsOfTokensThatWereAdded() throws IOException {
        assertThatThrownBy(() -> ImageSlot.of(PLAIN, folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(
                        folder + ": \"mm_use_im_start_end\" is true but the tokenizer has no token <im_start>");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_start>\": 1001, \"<im_patch>\": 1000}");
        assertThatThrownBy(() -> ImageSlot.of(LlamaTokenizer.load(folder), folder))
                .hasMessageContaining("has no token <im_end>; use the added_tokens.json that came with the weights");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<im_end>\": 1001, \"<im_start>\": 1000}");
        assertThat(ImageSlot.of(LlamaTokenizer.load(folder), folder)).isEqualTo(new ImageSlot(1000, 1001));
        assertThatThrownBy(() -> new ImageSlot(7, 7)).isInstanceOf(BadInputException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "added_tokens.json       | {\"<x>\": 5}                        | which is",
                "added_tokens.json       | {\"<x>\": \"5\"}                    | must have an id",
                "added_tokens.json       | {\"<x>\": 99999999}                 | far outside the 1000 pieces",
                "added_tokens.json       | {\"<x>\": 1000, \"<y>\": 1000}      | is there twice",
                "added_tokens.json       | {\"<x>\": 1000, }                   | line 1",
                "added_tokens.json       | [1]                                 | one JSON object",
                "tokenizer_config.json   | {\"eos_token\": \"<end>\"}          | has no piece \"<end>\"",
                "tokenizer_config.json   | {\"eos_token\": 2}                  | \"eos_token\" must be a text",
                "tokenizer_config.json   | {\"added_tokens_decoder\": {\"x\": {}}} | not an id",
                "tokenizer_config.json   | {\"added_tokens_decoder\": {\"1000\": {}}} | \"added_tokens_decoder.1000\" must be",
                "special_tokens_map.json | {\"unk_token\": {\"content\": \"\"}} | \"unk_token\" must be a text",
            })
    void filesThatDoNotFitAreRefusedByName(String name, String content, String message) throws IOException {
        Files.writeString(folder.resolve(name), content);
        assertThatThrownBy(() -> LlamaTokenizer.load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(folder.toString())
                .hasMessageNotContaining("\n");
    }

    @Test
    void aMissingModelIsNamed() throws IOException {
        Files.delete(folder.resolve("tokenizer.model"));
        assertThatThrownBy(() -> LlamaTokenizer.load(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("tokenizer.model: no such file");
    }

    @Test
    void anIdOutsideTheVocabularyIsRefused() {
        assertThatThrownBy(() -> PLAIN.decode(new int[] {1, 1000}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("token id 1000 is outside the tokenizer's 1000 ids");
        assertThatThrownBy(() -> PLAIN.decodePieces(new int[] {-200})).isInstanceOf(BadInputException.class);
        assertThatThrownBy(() -> PLAIN.piece(-1)).isInstanceOf(BadInputException.class);
    }

    @Test
    void textComesBackWhateverItHolds() {
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
    void aStreamSaysWhatDecodingAllAtOnceSays() {
        Random random = new Random(2);
        for (int round = 0; round < 500; round++) {
            int[] ids = random.ints(1 + random.nextInt(15), 0, 1000).toArray();
            if (random.nextBoolean()) {
                // Runs of bytes, most of them no text.
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
    void aStreamHoldsBackACharacterUntilItIsWhole() {
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
    void aLoneSurrogateIsEncodedAsTheReplacementCharacter() {
        assertThat(PLAIN.encode("a\uD83D")).isEqualTo(PLAIN.encode("a\uFFFD"));
    }
}
