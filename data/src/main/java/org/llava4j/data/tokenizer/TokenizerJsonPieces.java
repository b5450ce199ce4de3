package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tokenizer.SentencePiece.Type;

/**
 * SentencePiece model with the encoding of a {@code tokenizer.json}. SentencePiece merges the pair of symbols whose piece has the
 * highest score, {@code tokenizer.json} the pair with the lowest rank: the score of a piece is the negative rank of its
 * first merge. Pieces that no merge produces get lower scores, which have no effect. Whether both encode alike is for the caller
 * to check.
 */
final class TokenizerJsonPieces {
    private TokenizerJsonPieces() {}

    /**
     * Reads the pieces.
     *
     * @param specials special tokens, which are never merged
     * @param addsPrefix whether a text is encoded as if a space preceded it
     */
    static SentencePieceModel read(Path file, TokenizerJson json, SpecialTokens specials, boolean addsPrefix) {
        JsonNode model = JsonInput.readBoundedObject(file).path("model");
        boolean byteFallback = model.path("byte_fallback").asBoolean(false);
        Map<String, Integer> ranks = TokenizerJsonModel.ranks(file, model);
        int merges = model.path("merges").size();
        Vocabulary vocabulary = json.vocabulary();
        List<SentencePiece> pieces = new ArrayList<>(vocabulary.size());
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.piece(id);
            int rank = ranks.getOrDefault(text, merges + id);
            pieces.add(new SentencePiece(text, -rank, type(id, text, specials, byteFallback)));
        }
        return new SentencePieceModel(file.toString(), pieces, byteFallback, addsPrefix, GgufTokenizer.UNKNOWN_SURFACE);
    }

    private static Type type(int id, String text, SpecialTokens specials, boolean byteFallback) {
        if (id == specials.unk()) {
            return Type.UNKNOWN;
        }
        if (byteFallback && TokenizerJsonModel.byteOf(text) >= 0) {
            return Type.BYTE;
        }
        AddedToken added = specials.added().get(id);
        return added != null && added.special() ? Type.CONTROL : Type.NORMAL;
    }
}
