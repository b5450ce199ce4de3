package org.llava4j.model.schema;

import java.util.List;

/** The values of an enumeration, each spelled in one way. */
final class LiteralNode extends ValueNode {
    private final List<byte[]> literals;
    private final LiteralTrie trie;
    private final int[] costs;

    LiteralNode(List<byte[]> literals, TokenTrie vocabulary) {
        this.literals = List.copyOf(literals);
        trie = new LiteralTrie(literals);
        costs = vocabulary.spell(trie);
    }

    /** UTF-8 bytes of the values. */
    List<byte[]> literals() {
        return literals;
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        int child = trie.child((int) frame.value(), b);
        if (child >= 0) {
            out.add(trie.firstChild(child) < 0 ? frame.parent() : frame.at(START, child));
        }
    }

    @Override
    int cost(int phase, long value, int depth) {
        return costs[(int) value];
    }

    @Override
    boolean canEnd(int phase, long value) {
        return trie.literal((int) value) >= 0;
    }
}
