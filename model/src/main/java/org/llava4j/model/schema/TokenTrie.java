package org.llava4j.model.schema;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Byte trie of a vocabulary: the tokens that stand for text, by their bytes. It computes how many tokens a text needs at
 * least. Node 0 is the root; the children of a node are adjacent and ordered by their bytes.
 */
final class TokenTrie {
    /** Number of tokens of a text that the vocabulary cannot spell; sums of a few of them do not overflow. */
    static final int INFINITE = 1 << 27;

    /** The vocabulary whose tokens are the 256 bytes. */
    static final TokenTrie BYTES = new TokenTrie(
            IntStream.range(0, 256).mapToObj(b -> new byte[] {(byte) b}).toArray(byte[][]::new));

    private final byte[][] tokens;
    /** Ids of the tokens that stand for text, ordered by their bytes. */
    private final int[] sorted;

    private final byte[] labels;
    private final int[] firstChild;
    /** Index after the last child. */
    private final int[] endChild;
    /** Range in {@link #sorted} of the tokens that end at a node. */
    private final int[] firstToken;

    private final int[] endToken;
    private final int longest;
    private final int[] contentCosts;
    private int size = 1;

    /** @param tokens bytes by token id; empty for an id that stands for no text */
    TokenTrie(byte[][] tokens) {
        this.tokens = tokens;
        sorted = IntStream.range(0, tokens.length)
                .filter(id -> tokens[id].length > 0)
                .boxed()
                .sorted(Comparator.comparing((Integer id) -> tokens[id], Arrays::compareUnsigned)
                        .thenComparing(Comparator.naturalOrder()))
                .mapToInt(Integer::intValue)
                .toArray();
        longest = Arrays.stream(tokens).mapToInt(token -> token.length).max().orElse(0);
        int nodes = 1 + nodeCount();
        labels = new byte[nodes];
        firstChild = new int[nodes];
        endChild = new int[nodes];
        firstToken = new int[nodes];
        endToken = new int[nodes];
        build();
        contentCosts = contentCosts();
    }

    /** Each token adds a node for each byte after those that it shares with its predecessor. */
    private int nodeCount() {
        int count = 0;
        for (int i = 0; i < sorted.length; i++) {
            byte[] token = tokens[sorted[i]];
            int shared = i == 0 ? 0 : Arrays.mismatch(tokens[sorted[i - 1]], token);
            count += shared < 0 ? 0 : token.length - shared;
        }
        return count;
    }

    /** Creates the nodes in breadth-first order. */
    private void build() {
        int[] from = new int[labels.length];
        int[] to = new int[labels.length];
        int[] depth = new int[labels.length];
        to[0] = sorted.length;
        for (int node = 0; node < size; node++) {
            int next = from[node];
            firstToken[node] = next;
            while (next < to[node] && tokens[sorted[next]].length == depth[node]) {
                next++;
            }
            endToken[node] = next;
            firstChild[node] = size;
            while (next < to[node]) {
                byte label = tokens[sorted[next]][depth[node]];
                from[size] = next;
                while (next < to[node] && tokens[sorted[next]][depth[node]] == label) {
                    next++;
                }
                to[size] = next;
                labels[size] = label;
                depth[size++] = depth[node] + 1;
            }
            endChild[node] = size;
        }
    }

    /** The bytes of a token; empty if it stands for no text. */
    byte[] bytes(int id) {
        return tokens[id];
    }

    /** Number of ids, those without text included. */
    int vocabularySize() {
        return tokens.length;
    }

    /** Number of bytes of the longest token. */
    int longest() {
        return longest;
    }

    int firstChild(int node) {
        return firstChild[node];
    }

    int endChild(int node) {
        return endChild[node];
    }

    /** The last byte of a node, 0 to 255. */
    int label(int node) {
        return labels[node] & 0xff;
    }

    /** Index of the first token of a node, for {@link #token}. */
    int firstToken(int node) {
        return firstToken[node];
    }

    /** Index after the last token of a node. */
    int endToken(int node) {
        return endToken[node];
    }

    /** Token id at an index. */
    int token(int index) {
        return sorted[index];
    }

    private boolean isToken(int node) {
        return firstToken[node] < endToken[node];
    }

    private int child(int node, int label) {
        for (int child = firstChild[node]; child < endChild[node]; child++) {
            if (label(child) == label) {
                return child;
            }
        }
        return -1;
    }

    /** Whether a token consists of one byte of a range, both ends included. */
    boolean hasByte(int first, int last) {
        for (int child = firstChild[0]; child < endChild[0]; child++) {
            if (label(child) >= first && label(child) <= last && isToken(child)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The least number of tokens that spell each suffix of a text.
     *
     * @return {@code int32[length + 1]}; {@link #INFINITE} for a suffix that the vocabulary cannot spell
     */
    int[] spell(byte[] text) {
        int[] counts = new int[text.length + 1];
        for (int from = text.length - 1; from >= 0; from--) {
            counts[from] = INFINITE;
            int node = 0;
            for (int at = from; at < text.length; at++) {
                node = child(node, text[at] & 0xff);
                if (node < 0) {
                    break;
                }
                if (isToken(node)) {
                    counts[from] = Math.min(counts[from], 1 + counts[at + 1]);
                }
            }
        }
        return counts;
    }

    /** The least number of tokens that spell a text of ASCII characters. */
    int spell(String text) {
        return spell(text.getBytes(StandardCharsets.US_ASCII))[0];
    }

    /**
     * The least number of tokens from each node of a trie of literals to the end of a literal.
     *
     * @return {@code int32[nodes]}
     */
    int[] spell(LiteralTrie literals) {
        int[] counts = new int[literals.size()];
        for (int node = counts.length - 1; node >= 0; node--) {
            counts[node] = literals.literal(node) >= 0 ? 0 : shortest(literals, node, 0, counts);
        }
        return counts;
    }

    /** The recursion is as deep as the longest token. */
    private int shortest(LiteralTrie literals, int literalNode, int node, int[] counts) {
        int best = INFINITE;
        for (int next = literals.firstChild(literalNode); next >= 0; next = literals.sibling(next)) {
            int child = child(node, literals.label(next));
            if (child >= 0) {
                if (isToken(child)) {
                    best = Math.min(best, 1 + counts[next]);
                }
                best = Math.min(best, shortest(literals, next, child, counts));
            }
        }
        return best;
    }

    /**
     * The least number of tokens that spell any text of a number of characters, of which none needs an escape in a JSON
     * string.
     */
    int contentCost(int characters) {
        return contentCosts[characters];
    }

    private int[] contentCosts() {
        boolean[] lengths = new boolean[longest + 1];
        for (int id : sorted) {
            lengths[contentLength(tokens[id])] = true;
        }
        int[] costs = new int[SchemaKeywords.MAX_MINIMUM + 1];
        for (int characters = 1; characters < costs.length; characters++) {
            costs[characters] = INFINITE;
            for (int length = Math.min(longest, characters); length > 0; length--) {
                if (lengths[length]) {
                    costs[characters] = Math.min(costs[characters], 1 + costs[characters - length]);
                }
            }
        }
        return costs;
    }

    /** Number of characters; 0 if the bytes are not only whole characters that need no escape. */
    private static int contentLength(byte[] token) {
        String text = new String(token, StandardCharsets.UTF_8);
        boolean plain = text.chars().allMatch(c -> c >= ' ' && c != '"' && c != '\\' && c != '\uFFFD');
        return plain ? text.codePointCount(0, text.length()) : 0;
    }
}
