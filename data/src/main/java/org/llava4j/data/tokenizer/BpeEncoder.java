package org.llava4j.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Byte-pair encoder (Sennrich et al. 2016). The text is split into characters; the adjacent pair whose merge has the
 * lowest rank is merged, leftmost first, until no pair is left. Words are encoded separately where that gives the same
 * result. Immutable and thread-safe.
 */
final class BpeEncoder {
    /** Symbols up to which scanning for the best merge is faster than a priority queue. */
    private static final int MAX_SCANNED = 48;

    private static final int NO_RANK = Integer.MAX_VALUE;

    private final BpeModel model;
    private final BpeMerges merges;
    private final BpeSymbols symbols;

    BpeEncoder(BpeModel model) {
        this.model = model;
        merges = model.merges();
        symbols = model.symbols();
    }

    /**
     * Encodes {@code text} and appends the tokens to {@code out}.
     *
     * @param text text in which spaces are replaced
     * @param base index of the first char of the text, added to every start
     * @param firstStart lowest start: a char that precedes the text, such as an inserted space, starts where the text
     *     starts
     */
    void encode(String text, int base, int firstStart, Encoding.Builder out) {
        new Run(text, base, firstStart, out).encode();
    }

    /** State of encoding one text: the symbols of one word, in order, and the merge of each with the next one. */
    private final class Run {
        private final String text;
        private final int base;
        private final int firstStart;
        private final Encoding.Builder out;
        private final Map<Integer, int[]> unusedSplits = new HashMap<>();
        private int[] ids = new int[MAX_SCANNED];
        private int[] starts = new int[MAX_SCANNED];
        private int[] ranks = new int[MAX_SCANNED];
        private int[] results = new int[MAX_SCANNED];
        private boolean[] atomic = new boolean[0];
        private int count;
        private boolean lastWasUnknown;

        Run(String text, int base, int firstStart, Encoding.Builder out) {
            this.text = text;
            this.base = base;
            this.firstStart = firstStart;
            this.out = out;
        }

        void encode() {
            int length = text.length();
            if (!model.splitsAtSpaces()) {
                encodeWord(0, length);
                return;
            }
            int from = 0;
            while (from < length) {
                int to = from + 1;
                while (to < length && !startsWord(to)) {
                    to++;
                }
                encodeWord(from, to);
                from = to;
            }
        }

        private boolean startsWord(int at) {
            return text.charAt(at) == SentencePieceModel.SPACE && text.charAt(at - 1) != SentencePieceModel.SPACE;
        }

        private void encodeWord(int from, int to) {
            Integer whole = model.whole() == null ? null : model.whole().id(text.substring(from, to));
            if (whole != null) {
                add(whole, from);
                lastWasUnknown = false;
                return;
            }
            split(from, to);
            for (int i = 0; i + 1 < count; i++) {
                find(i, i + 1);
            }
            if (count <= MAX_SCANNED) {
                mergeByScanning();
            } else {
                mergeByQueue();
            }
            for (int i = 0; i < count; i++) {
                emit(ids[i], starts[i], i + 1 < count ? starts[i + 1] : to);
            }
        }

        private void split(int from, int to) {
            count = 0;
            if (to - from > ids.length) {
                int size = Math.max(to - from, 2 * ids.length);
                ids = new int[size];
                starts = new int[size];
                ranks = new int[size];
                results = new int[size];
            }
            if (!model.userDefined().isEmpty()) {
                atomic = new boolean[to - from];
            }
            boolean drops = model.byteIds() == null && model.unknown() == BpeModel.Unknown.DROP;
            for (int at = from; at < to; ) {
                starts[count] = at;
                int atom = atomic.length == 0 ? 0 : splitUserDefined(at);
                if (atom > 0) {
                    at += atom;
                    count++;
                } else {
                    char c = text.charAt(at);
                    int character = Character.isHighSurrogate(c) ? text.codePointAt(at) : c;
                    ids[count] = symbols.id(character);
                    at += Character.charCount(character);
                    if (!drops || ids[count] != BpeSymbols.UNKNOWN) {
                        count++;
                    }
                }
            }
        }

        /** Takes a user-defined piece as the next symbol; returns its length, 0 if there is none. */
        private int splitUserDefined(int at) {
            for (Map.Entry<String, Integer> piece : model.userDefined().entrySet()) {
                if (text.startsWith(piece.getKey(), at)) {
                    ids[count] = piece.getValue();
                    atomic[count] = true;
                    return piece.getKey().length();
                }
            }
            return 0;
        }

        /** Looks up the merge of two adjacent symbols; returns its rank. */
        private int find(int left, int right) {
            boolean frozen = atomic.length > 0 && (atomic[left] || atomic[right]);
            long merge = frozen ? BpeMerges.NONE : merges.find(ids[left], ids[right]);
            if (merge == BpeMerges.NONE) {
                ranks[left] = NO_RANK;
                return NO_RANK;
            }
            ranks[left] = BpeMerges.rank(merge);
            results[left] = BpeMerges.result(merge);
            if (model.unused().get(results[left])) {
                unusedSplits.put(results[left], new int[] {ids[left], ids[right], starts[right] - starts[left]});
            }
            return ranks[left];
        }

        /** Merges the symbols of a short word and closes the gaps. */
        private void mergeByScanning() {
            while (true) {
                int best = -1;
                int bestRank = NO_RANK;
                for (int i = 0; i + 1 < count; i++) {
                    if (ranks[i] < bestRank) {
                        best = i;
                        bestRank = ranks[i];
                    }
                }
                if (best < 0) {
                    return;
                }
                ids[best] = results[best];
                count--;
                int moved = count - best - 1;
                System.arraycopy(ids, best + 2, ids, best + 1, moved);
                System.arraycopy(starts, best + 2, starts, best + 1, moved);
                System.arraycopy(ranks, best + 2, ranks, best + 1, moved);
                System.arraycopy(results, best + 2, results, best + 1, moved);
                if (atomic.length > 0) {
                    System.arraycopy(atomic, best + 2, atomic, best + 1, moved);
                }
                if (best > 0) {
                    find(best - 1, best);
                }
                if (best + 1 < count) {
                    find(best, best + 1);
                }
            }
        }

        /**
         * Merges the symbols of a long word in O(n log n), with the merges in a priority queue. A merge that is no
         * longer that of its symbol is skipped.
         */
        private void mergeByQueue() {
            LongQueue queue = new LongQueue(count);
            int[] previous = new int[count];
            int[] next = new int[count];
            boolean[] merged = new boolean[count];
            for (int i = 0; i < count; i++) {
                previous[i] = i - 1;
                next[i] = i + 1 < count ? i + 1 : -1;
                if (next[i] >= 0 && ranks[i] != NO_RANK) {
                    queue.add((long) ranks[i] << 32 | i);
                }
            }
            while (!queue.isEmpty()) {
                long best = queue.poll();
                int left = (int) best;
                int right = next[left];
                if (merged[left] || right < 0 || ranks[left] != (int) (best >>> 32)) {
                    continue;
                }
                ids[left] = results[left];
                merged[right] = true;
                next[left] = next[right];
                if (next[left] >= 0) {
                    previous[next[left]] = left;
                    offer(left, next[left], queue);
                }
                if (previous[left] >= 0) {
                    offer(previous[left], left, queue);
                }
            }
            int length = 0;
            for (int i = 0; i >= 0; i = next[i]) {
                ids[length] = ids[i];
                starts[length++] = starts[i];
            }
            count = length;
        }

        private void offer(int left, int right, LongQueue queue) {
            int rank = find(left, right);
            if (rank != NO_RANK) {
                queue.add((long) rank << 32 | left);
            }
        }

        private void emit(int id, int from, int to) {
            int[] split = unusedSplits.isEmpty() ? null : unusedSplits.get(id);
            if (split != null) {
                emit(split[0], from, from + split[2]);
                emit(split[1], from + split[2], to);
            } else if (id >= 0 && id < model.pieces()) {
                add(id, from);
                lastWasUnknown = false;
            } else {
                emitUnknown(from, to);
            }
        }

        private void emitUnknown(int from, int to) {
            int[] byteIds = model.byteIds();
            if (byteIds != null) {
                for (byte b : utf8(text.substring(from, to))) {
                    add(byteIds[b & 0xFF], from);
                }
            } else if (model.unknown() == BpeModel.Unknown.EACH
                    || (model.unknown() == BpeModel.Unknown.FUSE && !lastWasUnknown)) {
                add(model.unknownId(), from);
                lastWasUnknown = true;
            }
        }

        /** The UTF-8 bytes of a symbol. A lone surrogate becomes U+FFFD, as invalid input does in SentencePiece. */
        private byte[] utf8(String symbol) {
            boolean lone = symbol.length() == 1 && Character.isSurrogate(symbol.charAt(0));
            return (lone ? "\uFFFD" : symbol).getBytes(StandardCharsets.UTF_8);
        }

        private void add(int id, int from) {
            out.add(id, Math.max(firstStart, base + from));
        }
    }

    /** Priority queue of positive longs, the smallest first: a binary heap. */
    private static final class LongQueue {
        private long[] heap;
        private int size;

        LongQueue(int capacity) {
            heap = new long[Math.max(16, capacity)];
        }

        boolean isEmpty() {
            return size == 0;
        }

        void add(long value) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            int at = size++;
            while (at > 0 && heap[(at - 1) / 2] > value) {
                heap[at] = heap[(at - 1) / 2];
                at = (at - 1) / 2;
            }
            heap[at] = value;
        }

        long poll() {
            long first = heap[0];
            long last = heap[--size];
            int at = 0;
            while (2 * at + 1 < size) {
                int child = 2 * at + 1;
                if (child + 1 < size && heap[child + 1] < heap[child]) {
                    child++;
                }
                if (heap[child] >= last) {
                    break;
                }
                heap[at] = heap[child];
                at = child;
            }
            heap[at] = last;
            return first;
        }
    }
}
