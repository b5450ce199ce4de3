package org.llava4j.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Byte-pair encoder with the algorithm of SentencePiece (Sennrich et al. 2016). The text is split into characters; the
 * adjacent pair whose concatenation is the piece with the highest score is merged, leftmost first, until no pair is
 * left. A priority queue makes it O(n log n).
 */
final class BpeEncoder {
    private final Map<String, Integer> textPieces = new HashMap<>();
    private final List<SentencePiece> pieces;
    private final List<String> userDefined;
    private final int[] byteIds = new int[256];
    private final boolean byteFallback;
    private final int unknownId;

    BpeEncoder(SentencePieceModel model) {
        pieces = model.pieces();
        byteFallback = model.byteFallback();
        unknownId = model.unkId();
        List<String> userPieces = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece piece = pieces.get(id);
            if (piece.type().isText()) {
                textPieces.put(piece.text(), id);
            }
            if (piece.type() == SentencePiece.Type.USER_DEFINED) {
                userPieces.add(piece.text());
            } else if (piece.type() == SentencePiece.Type.BYTE) {
                byteIds[model.byteOf(piece)] = id;
            }
        }
        userPieces.sort((a, b) -> Integer.compare(b.length(), a.length()));
        userDefined = List.copyOf(userPieces);
    }

    /**
     * Encodes {@code text} and appends the tokens to {@code out}.
     *
     * @param dummyPrefix whether to encode as if a space preceded the text
     * @param base index of the first char of the text, added to every start
     */
    void encode(String text, boolean dummyPrefix, int base, Encoding.Builder out) {
        if (text.isEmpty()) {
            return;
        }
        String escaped = text.replace(' ', SentencePieceModel.SPACE);
        if (dummyPrefix) {
            escaped = SentencePieceModel.SPACE + escaped;
            base--;
        }
        new MergeState(escaped, base, dummyPrefix ? base + 1 : base, out).run();
    }

    /**
     * Adjacent pair of symbols whose concatenation is the piece {@code id}; stale once either symbol has been merged.
     */
    private record Candidate(int left, int right, int length, int id, float score) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byScore = Float.compare(other.score, score);
            return byScore != 0 ? byScore : Integer.compare(left, other.left);
        }
    }

    /**
     * State of encoding one text: a linked list of symbols by index. A symbol of length 0 has been merged into its left
     * neighbor.
     */
    private final class MergeState {
        private final String text;
        private final int base;
        private final int firstStart;
        private final Encoding.Builder out;
        private final PriorityQueue<Candidate> queue = new PriorityQueue<>();
        private final Map<String, Integer> unusedSplits = new HashMap<>();
        private final int[] start;
        private final int[] length;
        private final int[] previous;
        private final int[] next;
        private final boolean[] atomic;
        private boolean lastWasUnknown;

        MergeState(String text, int base, int firstStart, Encoding.Builder out) {
            this.text = text;
            this.base = base;
            this.firstStart = firstStart;
            this.out = out;
            start = new int[text.length()];
            length = new int[text.length()];
            previous = new int[text.length()];
            next = new int[text.length()];
            atomic = new boolean[text.length()];
        }

        void run() {
            int count = split();
            for (int i = 0; i < count; i++) {
                previous[i] = i - 1;
                next[i] = i + 1 < count ? i + 1 : -1;
            }
            for (int i = 1; i < count; i++) {
                offer(i - 1, i);
            }
            while (!queue.isEmpty()) {
                merge(queue.poll());
            }
            for (int i = 0; i >= 0; i = next[i]) {
                emit(start[i], start[i] + length[i]);
            }
        }

        private int split() {
            int count = 0;
            for (int at = 0; at < text.length(); count++) {
                int size = userDefinedAt(at);
                atomic[count] = size > 0;
                start[count] = at;
                length[count] = size > 0 ? size : Character.charCount(text.codePointAt(at));
                at += length[count];
            }
            return count;
        }

        private int userDefinedAt(int at) {
            for (String piece : userDefined) {
                if (text.startsWith(piece, at)) {
                    return piece.length();
                }
            }
            return 0;
        }

        private void offer(int left, int right) {
            if (left < 0 || right < 0 || atomic[left] || atomic[right]) {
                return;
            }
            int size = length[left] + length[right];
            String merged = text.substring(start[left], start[left] + size);
            Integer id = textPieces.get(merged);
            if (id != null) {
                SentencePiece piece = pieces.get(id);
                queue.add(new Candidate(left, right, size, id, piece.score()));
                if (piece.type() == SentencePiece.Type.UNUSED) {
                    unusedSplits.put(merged, length[left]);
                }
            }
        }

        private void merge(Candidate pair) {
            int left = pair.left();
            int right = pair.right();
            if (length[left] == 0 || length[right] == 0 || length[left] + length[right] != pair.length()) {
                return;
            }
            length[left] = pair.length();
            length[right] = 0;
            next[left] = next[right];
            if (next[right] >= 0) {
                previous[next[right]] = left;
            }
            offer(previous[left], left);
            offer(left, next[left]);
        }

        private void emit(int from, int to) {
            String symbol = text.substring(from, to);
            Integer id = textPieces.get(symbol);
            // The dummy prefix is not a char of the text: a token that consists only of it starts where the text
            // starts.
            int at = Math.max(firstStart, base + from);
            if (id != null && unusedSplits.containsKey(symbol)) {
                int middle = from + unusedSplits.get(symbol);
                emit(from, middle);
                emit(middle, to);
            } else if (id != null) {
                out.add(id, at);
                lastWasUnknown = false;
            } else if (byteFallback) {
                for (byte b : utf8(symbol)) {
                    out.add(byteIds[b & 0xFF], at);
                }
            } else if (!lastWasUnknown) {
                // SentencePiece maps a run of unknown characters to one unknown token.
                out.add(unknownId, at);
                lastWasUnknown = true;
            }
        }

        /** The UTF-8 bytes of a symbol. A lone surrogate becomes U+FFFD, as invalid input does in SentencePiece. */
        private byte[] utf8(String symbol) {
            boolean lone = symbol.length() == 1 && Character.isSurrogate(symbol.charAt(0));
            return (lone ? "\uFFFD" : symbol).getBytes(StandardCharsets.UTF_8);
        }
    }
}
