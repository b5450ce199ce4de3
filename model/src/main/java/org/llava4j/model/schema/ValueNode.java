package org.llava4j.model.schema;

import java.util.Arrays;

/** A node of one kind of value. Its frames have a phase, where {@link #START} is the one before the value, and a number. */
abstract class ValueNode extends Node {
    static final int START = 0;

    private final int[] startCosts = new int[MAX_DEPTH + 1];

    ValueNode() {
        Arrays.fill(startCosts, TokenTrie.INFINITE);
    }

    /**
     * Adds the frames after a byte; none if the byte cannot follow.
     *
     * @param frame a frame of this node
     * @param b the byte, 0 to 255
     */
    abstract void step(Frame frame, int b, Frames out);

    /** Number of tokens that are enough to complete a value. */
    abstract int cost(int phase, long value, int depth);

    /** Whether a value may end in this phase although it may also continue, as a number does. */
    boolean canEnd(int phase, long value) {
        return false;
    }

    /**
     * The number of an equivalent frame: one with the same cost that accepts the same texts of up to {@code maxBytes}
     * bytes.
     */
    long canonicalValue(int phase, long value, int maxBytes) {
        return value;
    }

    @Override
    void enter(int depth, Frame parent, int b, Frames out) {
        step(new Frame(this, START, 0, depth, parent), b, out);
    }

    @Override
    final int startCost(int depth) {
        return startCosts[depth];
    }

    @Override
    void computeStartCost(int depth) {
        startCosts[depth] = cost(START, 0, depth);
    }

    /**
     * The canonical number of a counter with a lower and an upper limit: far below the upper limit, all counts from the
     * lower limit on are equivalent.
     */
    static long canonicalCount(long count, int min, int max, int maxBytes) {
        return count >= min && max - count > maxBytes ? min : count;
    }
}
