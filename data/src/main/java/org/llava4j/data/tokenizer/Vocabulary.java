package org.llava4j.data.tokenizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Pieces of a tokenizer without its added tokens; the id of a piece is its index. Immutable. */
final class Vocabulary {
    private final String source;
    private final List<String> pieces;
    private final Map<String, Integer> ids;

    /**
     * Creates a vocabulary.
     *
     * @param source name of the file in messages
     * @param pieces distinct texts
     */
    Vocabulary(String source, List<String> pieces) {
        this.source = source;
        this.pieces = List.copyOf(pieces);
        ids = new HashMap<>(pieces.size() * 2);
        for (int id = 0; id < pieces.size(); id++) {
            ids.put(pieces.get(id), id);
        }
    }

    static Vocabulary of(SentencePieceModel model) {
        return new Vocabulary(
                model.source(), model.pieces().stream().map(SentencePiece::text).toList());
    }

    String source() {
        return source;
    }

    int size() {
        return pieces.size();
    }

    String piece(int id) {
        return pieces.get(id);
    }

    /**
     * Returns an id if it is that of a piece.
     *
     * @throws BadInputException otherwise; {@code specials} count as ids in the message
     */
    int checkedId(int id, SpecialTokens specials) {
        if (id < 0 || id >= size()) {
            throw new BadInputException("token id " + id + " is outside the tokenizer's " + specials.size(size())
                    + " ids (" + source + "); model and tokenizer do not match");
        }
        return id;
    }

    /** The id of a piece, or null if there is none with this text. */
    @Nullable
    Integer id(String piece) {
        return ids.get(piece);
    }
}
