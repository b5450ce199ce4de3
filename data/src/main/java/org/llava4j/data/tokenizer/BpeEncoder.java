package org.llava4j.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Byte-pair encoding as SentencePiece does it: the text is cut into characters, and of all neighbours whose join is a
 * piece the pair with the highest score, leftmost first, is joined until none is left (Sennrich et al. 2016; the queue
 * makes it O(n log n)).
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
        List<String> whole = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece piece = pieces.get(id);
            if (piece.type().isText()) {
                textPieces.put(piece.text(), id);
            }
            if (piece.type() == SentencePiece.Type.USER_DEFINED) {
                whole.add(piece.text());
            } else if (piece.type() == SentencePiece.Type.BYTE) {
                byteIds[model.byteOf(piece)] = id;
            }
        }
        whole.sort((a, b) -> Integer.compare(b.length(), a.length()));
        userDefined = List.copyOf(whole);
    }

    /**
     * Appends the tokens of {@code text}.
     *
     * @param dummyPrefix whether to encode as if a space stood before the text
     * @param base index of the text's first char, added to every start
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

    /** A pair of neighbouring symbols whose join is the piece {@code id}; outdated once either has grown. */
    private record Candidate(int left, int right, int length, int id, float score) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byScore = Float.compare(other.score, score);
            return byScore != 0 ? byScore : Integer.compare(left, other.left);
        }
    }

    /** The state of encoding one text. Symbols are linked by index; one of length 0 has been joined to its left. */
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
        private final boolean[] frozen;
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
            frozen = new boolean[text.length()];
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
                join(queue.poll());
            }
            for (int i = 0; i >= 0; i = next[i]) {
                emit(start[i], start[i] + length[i]);
            }
        }

        private int split() {
            int count = 0;
            for (int at = 0; at < text.length(); count++) {
                int size = userDefinedAt(at);
                frozen[count] = size > 0;
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
            if (left < 0 || right < 0 || frozen[left] || frozen[right]) {
                return;
            }
            int size = length[left] + length[right];
            String joined = text.substring(start[left], start[left] + size);
            Integer id = textPieces.get(joined);
            if (id != null) {
                SentencePiece piece = pieces.get(id);
                queue.add(new Candidate(left, right, size, id, piece.score()));
                if (piece.type() == SentencePiece.Type.UNUSED) {
                    unusedSplits.put(joined, length[left]);
                }
            }
        }

        private void join(Candidate pair) {
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
            // The dummy prefix is no char of the text: a token that is only it begins where the text does.
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
                // SentencePiece makes one unknown of a run of unknown characters.
                out.add(unknownId, at);
                lastWasUnknown = true;
            }
        }

        /** A lone surrogate is no character: it counts as U+FFFD, as every invalid input does in SentencePiece. */
        private byte[] utf8(String symbol) {
            boolean lone = symbol.length() == 1 && Character.isSurrogate(symbol.charAt(0));
            return (lone ? "\uFFFD" : symbol).getBytes(StandardCharsets.UTF_8);
        }
    }
}
