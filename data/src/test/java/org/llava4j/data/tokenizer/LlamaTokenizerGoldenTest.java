package org.llava4j.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.testing.Golden;

/** All strings of {@code e_spm/encode.json}, compared with SentencePiece and the slow Hugging Face tokenizer. */
class LlamaTokenizerGoldenTest {
    private static final SentencePieceModel MODEL = SentencePieceReader.read(Golden.path("e_spm/tokenizer.model"));
    private static final LlamaTokenizer LEGACY = LlamaTokenizer.of(MODEL, Golden.path("e_spm/hf_legacy_true"));
    private static final LlamaTokenizer NEWER = LlamaTokenizer.of(MODEL, Golden.path("e_spm/hf_legacy_false"));

    static Stream<JsonNode> cases() {
        JsonNode cases = Golden.json("e_spm/encode.json").get("cases");
        assertThat(cases).hasSize(45);
        return StreamSupport.stream(cases.spliterator(), false);
    }

    @Test
    void loadReadsLegacySetting() {
        assertThat(LEGACY.isLegacy()).isTrue();
        assertThat(NEWER.isLegacy()).isFalse();
        assertThat(LlamaTokenizer.load(Golden.path("e_spm/tokenizer.model")).isLegacy())
                .isTrue();
    }

    @Test
    void readReturnsEveryPiece() {
        JsonNode pieces = Golden.json("e_spm/encode.json").get("pieces");
        assertThat(LEGACY.size()).isEqualTo(pieces.size()).isEqualTo(1000);
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece piece = MODEL.pieces().get(id);
            assertThat(piece.text()).isEqualTo(pieces.get(id).get(0).textValue());
            assertThat(piece.score()).isEqualTo(pieces.get(id).get(1).floatValue());
            assertThat(LEGACY.pieceId(piece.text())).isEqualTo(id);
            assertThat(LEGACY.piece(id)).isEqualTo(piece.text());
        }
        assertThat(LEGACY.unkId()).isZero();
        assertThat(LEGACY.bosId()).isEqualTo(1);
        assertThat(LEGACY.eosId()).isEqualTo(2);
        assertThat(LEGACY.padId()).isZero();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void encodeEqualsSentencePiece(JsonNode golden) {
        int[] ids = LEGACY.encode(golden.get("text").textValue());
        assertThat(ids).isEqualTo(Golden.ints(golden.get("sp_ids")));
        assertThat(LEGACY.decodePieces(ids)).isEqualTo(golden.get("sp_decode").textValue());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void legacyTokenizerEqualsHuggingFace(JsonNode golden) {
        int[] ids = LEGACY.encodeWithBos(golden.get("text").textValue());
        assertThat(ids).isEqualTo(Golden.ints(golden.get("hf_legacy")));
        assertThat(LEGACY.decode(ids))
                .isEqualTo(golden.get("hf_legacy_decode_skip").textValue());
        assertThat(LEGACY.decodeWithSpecialTokens(ids))
                .isEqualTo(golden.get("hf_legacy_decode").textValue());
        assertThat(LEGACY.encodeWithImages(golden.get("text").textValue()))
                .isEqualTo(Golden.ints(golden.get("image_token_legacy")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void nonLegacyTokenizerEqualsHuggingFace(JsonNode golden) {
        int[] ids = NEWER.encodeWithBos(golden.get("text").textValue());
        assertThat(ids).isEqualTo(Golden.ints(golden.get("hf_nonlegacy")));
        assertThat(NEWER.decode(ids))
                .isEqualTo(golden.get("hf_nonlegacy_decode_skip").textValue());
        assertThat(NEWER.decodeWithSpecialTokens(ids))
                .isEqualTo(golden.get("hf_nonlegacy_decode").textValue());
        assertThat(NEWER.encodeWithImages(golden.get("text").textValue()))
                .isEqualTo(Golden.ints(golden.get("image_token_nonlegacy")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void startsPointToFirstCharOfToken(JsonNode golden) {
        String text = golden.get("text").textValue();
        for (LlamaTokenizer tokenizer : new LlamaTokenizer[] {LEGACY, NEWER}) {
            Encoding encoding = tokenizer.encodePrompt(text, true);
            assertThat(encoding.starts()[0]).isEqualTo(Encoding.NO_CHAR);
            int previous = 0;
            for (int i = 1; i < encoding.ids().length; i++) {
                int start = encoding.starts()[i];
                assertThat(start).isBetween(previous, text.length() - 1);
                String shown = encoding.ids()[i] == LlamaTokenizer.IMAGE_TOKEN_ID
                        ? LlamaTokenizer.IMAGE_TEXT
                        : tokenizer.piece(encoding.ids()[i]).replace(SentencePieceModel.SPACE, ' ');
                String rest = text.substring(start).replace(SentencePieceModel.SPACE, ' ');
                boolean isByte = tokenizer.pieceId("<0x00>") <= encoding.ids()[i]
                        && encoding.ids()[i] <= tokenizer.pieceId("<0xFF>");
                boolean withAssumedSpace = shown.startsWith(" ") && rest.startsWith(shown.substring(1));
                assertThat(isByte || withAssumedSpace || rest.startsWith(shown))
                        .as("token %d, \"%s\" at %d of \"%s\"", i, shown, start, text)
                        .isTrue();
                previous = start;
            }
        }
    }
}
