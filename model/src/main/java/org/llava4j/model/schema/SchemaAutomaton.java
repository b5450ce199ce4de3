package org.llava4j.model.schema;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Pushdown automaton of a schema over the tokens of a vocabulary. A state is a list of alternative frames, ordered by their
 * cost. Masks that are expensive to compute are cached, up to {@link #MAX_CACHED_BYTES}. Thread-safe.
 */
final class SchemaAutomaton {
    /** Maximum memory of the cached masks; their keys are a fraction of it. */
    private static final int MAX_CACHED_BYTES = 4 << 20;

    /** Masks that visit fewer nodes of the vocabulary's trie are computed faster than a cache would be worth. */
    private static final int MIN_CACHED_NODES = 2000;

    private final TokenTrie vocabulary;
    private final Set<Integer> eosIds;
    private final List<Frame> start;
    private final Map<Key, TokenMask> masks;

    /** @param maxCost cost after a token at most; {@link TokenTrie#INFINITE} - 1 for any */
    private record Key(List<Frame> state, int maxCost) {}

    /**
     * @param eosIds end tokens, all of them in the vocabulary
     * @throws SchemaException if the vocabulary cannot spell the schema's answers
     */
    SchemaAutomaton(JsonSchema schema, TokenTrie vocabulary, Set<Integer> eosIds) {
        this.vocabulary = vocabulary;
        this.eosIds = eosIds;
        start = List.of(schema.compile(vocabulary).start());
        int maxMasks = Math.max(16, MAX_CACHED_BYTES / (vocabulary.vocabularySize() / 8 + 1));
        masks = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, TokenMask> eldest) {
                return size() > maxMasks;
            }
        };
    }

    /** Number of ids that may be generated. */
    int vocabularySize() {
        return vocabulary.vocabularySize();
    }

    /** The state before the answer. */
    List<Frame> start() {
        return start;
    }

    /** Number of tokens that are enough to complete the answer from a state. */
    static int cost(List<Frame> state) {
        return state.get(0).cost();
    }

    /**
     * The state after a token.
     *
     * @throws IllegalStateException if the token cannot follow
     */
    List<Frame> advance(List<Frame> state, int token) {
        Frames frames = new Frames();
        state.forEach(frames::add);
        for (byte b : vocabulary.bytes(token)) {
            Frames next = new Frames();
            next.addAfter(frames, b & 0xff);
            frames = next;
        }
        List<Frame> after = new ArrayList<>(frames.toList());
        after.removeIf(frame -> frame.cost() >= TokenTrie.INFINITE);
        after.sort(Comparator.comparingInt(Frame::cost));
        if (after.isEmpty() || vocabulary.bytes(token).length == 0) {
            throw new IllegalStateException("token " + token + " does not fit the schema");
        }
        return List.copyOf(after);
    }

    /**
     * The tokens that may follow.
     *
     * @param maxCost cost after a token at most
     */
    TokenMask mask(List<Frame> state, int maxCost) {
        List<Frame> canonical = new ArrayList<>();
        state.forEach(frame -> canonical.add(frame.canonical(vocabulary.longest())));
        Key key = new Key(canonical, maxCost);
        synchronized (masks) {
            TokenMask cached = masks.get(key);
            if (cached != null) {
                return cached;
            }
        }
        Walk walk = new Walk(maxCost);
        TokenMask mask = walk.run(state);
        if (walk.nodes >= MIN_CACHED_NODES) {
            synchronized (masks) {
                masks.put(key, mask);
            }
        }
        return mask;
    }

    /** Number of cached masks. */
    int cachedMasks() {
        synchronized (masks) {
            return masks.size();
        }
    }

    /** Walk through the trie of the vocabulary, with the frames after each of its nodes. */
    private final class Walk {
        private final int limit;
        private final long[] bits = new long[(vocabulary.vocabularySize() + 63) / 64];
        private final Frames[] levels = new Frames[vocabulary.longest() + 1];
        private int maxCost;
        private int nodes;

        Walk(int limit) {
            this.limit = limit;
            for (int i = 0; i < levels.length; i++) {
                levels[i] = new Frames();
            }
        }

        TokenMask run(List<Frame> state) {
            state.forEach(levels[0]::add);
            visit(0, 0);
            if (state.stream().anyMatch(Frame::isAccepting)) {
                eosIds.forEach(id -> TokenMask.allow(bits, id));
            }
            return new TokenMask(bits, maxCost);
        }

        private void visit(int node, int level) {
            for (int child = vocabulary.firstChild(node); child < vocabulary.endChild(node); child++) {
                nodes++;
                Frames next = levels[level + 1];
                next.clear();
                next.addAfter(levels[level], vocabulary.label(child));
                if (next.size() > 0) {
                    allow(child, next);
                    visit(child, level + 1);
                }
            }
        }

        private void allow(int node, Frames frames) {
            int first = vocabulary.firstToken(node);
            int end = vocabulary.endToken(node);
            int cost = first < end ? frames.cost() : TokenTrie.INFINITE;
            if (cost <= limit) {
                maxCost = Math.max(maxCost, cost);
                for (int i = first; i < end; i++) {
                    TokenMask.allow(bits, vocabulary.token(i));
                }
            }
        }
    }
}
