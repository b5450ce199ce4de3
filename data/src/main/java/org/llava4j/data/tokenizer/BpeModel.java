package org.llava4j.data.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Byte-pair model in the form that {@link BpeEncoder} runs, whichever file it was read from. Symbols are ids of pieces;
 * ids from {@code pieces} on stand for characters that only occur inside of pieces.
 *
 * @param pieces number of pieces
 * @param symbols symbols of single characters
 * @param merges merges of symbols
 * @param byteIds {@code int32[256]}: piece of each byte, for characters without a piece; null without byte fallback
 * @param unknown treatment of a character without a piece and without byte fallback
 * @param unknownId the unknown piece
 * @param userDefined pieces that are matched before merging and never merged, and their ids, the longest first
 * @param unused pieces that are split again after merging
 * @param whole pieces that a whole text is compared with before merging ({@code ignore_merges})
 * @param splitsAtSpaces whether the words of a text, each with the spaces before it, can be encoded separately, because
 *     no piece extends over the end of a word
 */
record BpeModel(
        int pieces,
        BpeSymbols symbols,
        BpeMerges merges,
        int @Nullable [] byteIds,
        Unknown unknown,
        int unknownId,
        Map<String, Integer> userDefined,
        BitSet unused,
        @Nullable Vocabulary whole,
        boolean splitsAtSpaces) {

    /** Longest piece. A limit on the work for broken files; LLaMA's longest has 16 characters. */
    static final int MAX_PIECE_LENGTH = 1024;

    /** Treatment of characters without a piece. */
    enum Unknown {
        /** They are omitted. */
        DROP,
        /** Each is the unknown token. */
        EACH,
        /** A run of them is one unknown token. */
        FUSE
    }

    /**
     * The model of a SentencePiece file. Adjacent symbols are merged if their concatenation is a piece; the highest
     * score is merged first.
     */
    static BpeModel of(SentencePieceModel model) {
        List<SentencePiece> pieces = model.pieces();
        Map<String, Integer> text = new HashMap<>();
        Set<Integer> lengths = new HashSet<>();
        TreeSet<Float> scores = new TreeSet<>();
        BpeSymbols symbols = new BpeSymbols();
        List<String> userDefined = new ArrayList<>();
        BitSet unused = new BitSet();
        int[] byteIds = new int[256];
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece piece = pieces.get(id);
            if (piece.type().isText()) {
                requireShort(model.source(), piece.text());
                text.put(piece.text(), id);
                lengths.add(piece.text().length());
                scores.add(piece.score());
            }
            switch (piece.type()) {
                case USER_DEFINED -> userDefined.add(piece.text());
                case UNUSED -> unused.set(id);
                case BYTE -> byteIds[model.byteOf(piece)] = id;
                default -> {}
            }
        }
        addCharacters(text, lengths, symbols, pieces.size());
        Map<Float, Integer> ranks = new HashMap<>();
        scores.descendingSet().forEach(score -> ranks.put(score, ranks.size()));
        BpeMerges.Builder merges = new BpeMerges.Builder();
        text.forEach((piece, id) -> {
            if (id < pieces.size()) {
                int rank = Objects.requireNonNull(ranks.get(pieces.get(id).score()));
                addSplits(piece, id, rank, text, lengths, merges);
            }
        });
        userDefined.sort((a, b) -> Integer.compare(b.length(), a.length()));
        Map<String, Integer> userIds = new LinkedHashMap<>();
        userDefined.forEach(piece -> userIds.put(piece, text.get(piece)));
        return new BpeModel(
                pieces.size(),
                symbols,
                merges.build(),
                model.byteFallback() ? byteIds : null,
                Unknown.FUSE,
                model.unkId(),
                userIds,
                unused,
                null,
                userDefined.isEmpty()
                        && unused.isEmpty()
                        && text.keySet().stream().noneMatch(BpeModel::extendsOverWordEnd));
    }

    static void requireShort(String source, String piece) {
        if (piece.length() > MAX_PIECE_LENGTH) {
            throw new BadInputException(source + ": a piece has " + piece.length() + " characters; at most "
                    + MAX_PIECE_LENGTH + " are supported, download the file again");
        }
    }

    /** Adds the characters of the pieces as symbols, and those that are no pieces to {@code text}. */
    private static void addCharacters(
            Map<String, Integer> text, Set<Integer> lengths, BpeSymbols symbols, int firstFree) {
        int free = firstFree;
        for (String piece : List.copyOf(text.keySet())) {
            for (int at = 0; at < piece.length(); ) {
                int character = piece.codePointAt(at);
                String symbol = Character.toString(character);
                Integer id = text.get(symbol);
                if (id == null) {
                    id = free++;
                    text.put(symbol, id);
                    lengths.add(symbol.length());
                }
                symbols.put(character, id);
                at += symbol.length();
            }
        }
    }

    /** Adds a merge for each split of a piece into two symbols. */
    private static void addSplits(
            String piece,
            int id,
            int rank,
            Map<String, Integer> symbols,
            Set<Integer> lengths,
            BpeMerges.Builder merges) {
        for (int at = 1; at < piece.length(); at++) {
            if (lengths.contains(at) && lengths.contains(piece.length() - at)) {
                Integer left = symbols.get(piece.substring(0, at));
                Integer right = left == null ? null : symbols.get(piece.substring(at));
                if (left != null && right != null) {
                    merges.add(left, right, rank, id);
                }
            }
        }
    }

    /** Whether a piece has a space after another character. */
    static boolean extendsOverWordEnd(String piece) {
        int space = piece.lastIndexOf(SentencePieceModel.SPACE);
        while (space > 0 && piece.charAt(space - 1) == SentencePieceModel.SPACE) {
            space--;
        }
        return space > 0;
    }
}
