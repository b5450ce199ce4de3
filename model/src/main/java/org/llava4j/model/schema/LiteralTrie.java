package org.llava4j.model.schema;

import java.util.Arrays;
import java.util.List;

/** Byte trie of literals. Node 0 is the root; a child has a higher index than its parent. */
final class LiteralTrie {
    private static final int NONE = -1;

    private byte[] labels = new byte[16];
    private int[] firstChild = new int[16];
    private int[] sibling = new int[16];
    private int[] literal = new int[16];
    private int[] depth = new int[16];
    private int size;

    /** @param literals none is a prefix of another if the nodes below a literal matter to the caller */
    LiteralTrie(List<byte[]> literals) {
        addNode((byte) 0, NONE, 0);
        for (int i = 0; i < literals.size(); i++) {
            int node = 0;
            for (byte label : literals.get(i)) {
                int child = child(node, label & 0xff);
                if (child == NONE) {
                    child = addNode(label, firstChild[node], depth[node] + 1);
                    firstChild[node] = child;
                }
                node = child;
            }
            literal[node] = i;
        }
    }

    private int addNode(byte label, int next, int newDepth) {
        if (size == labels.length) {
            labels = Arrays.copyOf(labels, 2 * size);
            firstChild = Arrays.copyOf(firstChild, 2 * size);
            sibling = Arrays.copyOf(sibling, 2 * size);
            literal = Arrays.copyOf(literal, 2 * size);
            depth = Arrays.copyOf(depth, 2 * size);
        }
        labels[size] = label;
        firstChild[size] = NONE;
        sibling[size] = next;
        literal[size] = NONE;
        depth[size] = newDepth;
        return size++;
    }

    /** Number of nodes. */
    int size() {
        return size;
    }

    /** The first child of a node; -1 if there is none. */
    int firstChild(int node) {
        return firstChild[node];
    }

    /** The next child of a node's parent; -1 if there is none. */
    int sibling(int node) {
        return sibling[node];
    }

    /** The last byte of a node, 0 to 255. */
    int label(int node) {
        return labels[node] & 0xff;
    }

    /** Index of the literal that ends at a node; -1 if there is none. */
    int literal(int node) {
        return literal[node];
    }

    /** Number of bytes from the root to a node. */
    int depth(int node) {
        return depth[node];
    }

    /** The child of a node for a byte; -1 if there is none. */
    int child(int node, int label) {
        int child = firstChild[node];
        while (child != NONE && label(child) != label) {
            child = sibling[child];
        }
        return child;
    }
}
