package org.llava4j.data.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * SentencePiece BPE vocabulary trainer with the options of the LLaMA tokenizer: byte fallback, {@code ▁} for the space
 * before a word, single-digit pieces, no piece across a word boundary. Ids have the order of SentencePiece: unknown,
 * begin, end, 256 bytes, merged pieces in merge order, single characters.
 */
public final class BpeTrainer {
    private static final int RESERVED = 3 + 256;

    /** Word of the corpus: its current pieces and its frequency. */
    private static final class Word {
        private final List<String> pieces;
        private final long count;

        Word(List<String> pieces, long count) {
            this.pieces = pieces;
            this.count = count;
        }
    }

    private final List<Word> words = new ArrayList<>();
    private final Map<String, Long> characters = new HashMap<>();

    private BpeTrainer(Stream<String> texts) {
        Map<String, Long> counts = new LinkedHashMap<>();
        texts.forEach(text -> PreTokenizer.split(text, word -> counts.merge(word, 1L, Long::sum)));
        counts.forEach((word, count) -> {
            List<String> pieces = new ArrayList<>(
                    word.codePoints().mapToObj(Character::toString).toList());
            pieces.forEach(piece -> characters.merge(piece, count, Long::sum));
            words.add(new Word(pieces, count));
        });
    }

    /**
     * Trains a vocabulary.
     *
     * @param texts the corpus; a line break ends a word and is encoded with byte pieces
     * @param size number of pieces in the vocabulary
     * @throws BadInputException if the corpus has too many characters, or too few pairs, for that size
     */
    public static SentencePieceModel train(Stream<String> texts, int size) {
        return new BpeTrainer(texts).run(size);
    }

    private SentencePieceModel run(int size) {
        int merges = size - RESERVED - characters.size();
        if (merges < 0) {
            throw new BadInputException("a vocabulary of " + size + " pieces is too small for the "
                    + characters.size() + " characters of the corpus and " + RESERVED + " fixed pieces; use at least "
                    + (RESERVED + characters.size()));
        }
        List<String> mergedPieces = new ArrayList<>();
        while (mergedPieces.size() < merges) {
            Pair pair = mostFrequent();
            if (pair == null) {
                throw new BadInputException("the corpus has only " + mergedPieces.size()
                        + " pairs to merge, " + merges + " are needed; use " + (size - merges + mergedPieces.size())
                        + " pieces or more text");
            }
            // Different merges can create the same piece ("a"+"bc", "ab"+"c"), which gets only one id.
            if (!mergedPieces.contains(pair.merged())) {
                mergedPieces.add(pair.merged());
            }
            words.forEach(word -> merge(word.pieces, pair));
        }
        return model(mergedPieces);
    }

    private record Pair(String left, String right) {
        String merged() {
            return left + right;
        }
    }

    /**
     * The most frequent pair; ties go to the shorter pair, then to the first in code point order, as in SentencePiece.
     * Null if no word has a pair.
     */
    private @Nullable Pair mostFrequent() {
        Map<Pair, Long> counts = new HashMap<>();
        for (Word word : words) {
            for (int i = 0; i + 1 < word.pieces.size(); i++) {
                counts.merge(new Pair(word.pieces.get(i), word.pieces.get(i + 1)), word.count, Long::sum);
            }
        }
        return counts.entrySet().stream()
                .min(Map.Entry.<Pair, Long>comparingByValue()
                        .reversed()
                        .thenComparing(entry -> entry.getKey().merged().length())
                        .thenComparing(entry -> entry.getKey().merged())
                        .thenComparing(entry -> entry.getKey().left()))
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private static void merge(List<String> pieces, Pair pair) {
        for (int i = 0; i + 1 < pieces.size(); i++) {
            if (pieces.get(i).equals(pair.left) && pieces.get(i + 1).equals(pair.right)) {
                pieces.set(i, pair.merged());
                pieces.remove(i + 1);
            }
        }
    }

    private SentencePieceModel model(List<String> mergedPieces) {
        List<SentencePiece> pieces = new ArrayList<>();
        pieces.add(new SentencePiece("<unk>", 0, SentencePiece.Type.UNKNOWN));
        pieces.add(new SentencePiece("<s>", 0, SentencePiece.Type.CONTROL));
        pieces.add(new SentencePiece("</s>", 0, SentencePiece.Type.CONTROL));
        for (int b = 0; b < 256; b++) {
            pieces.add(new SentencePiece(String.format(Locale.ROOT, "<0x%02X>", b), 0, SentencePiece.Type.BYTE));
        }
        List<String> normal = new ArrayList<>(mergedPieces);
        characters.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.naturalOrder())))
                .forEach(entry -> normal.add(entry.getKey()));
        for (int rank = 0; rank < normal.size(); rank++) {
            // Earlier merges take precedence in encoding: the score is the negative rank.
            pieces.add(new SentencePiece(normal.get(rank), -rank, SentencePiece.Type.NORMAL));
        }
        return new SentencePieceModel("trained vocabulary", pieces, true, true, " \u2047 ");
    }
}
