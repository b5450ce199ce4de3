package org.llava4j.model.schema;

/** A part of a compiled schema: accepts the bytes of some JSON values. Immutable once the schema is compiled. */
abstract class Node {
    /** How deep objects and arrays of an answer may be nested. */
    static final int MAX_DEPTH = 32;

    /**
     * Adds the frames after the first byte of a value.
     *
     * @param depth number of objects and arrays that may still be nested, this value included
     * @param parent frame after the value
     * @param b the byte, 0 to 255
     */
    abstract void enter(int depth, Frame parent, int b, Frames out);

    /** Number of tokens that are enough for a value; {@link TokenTrie#INFINITE} if there is no value of this depth. */
    abstract int startCost(int depth);

    /** Computes {@link #startCost} of a depth from those of lower depths, and for alternatives from those of this depth. */
    abstract void computeStartCost(int depth);

    /** The sum of costs, at most {@link TokenTrie#INFINITE}. */
    static int sum(long... costs) {
        long sum = 0;
        for (long cost : costs) {
            sum += cost;
        }
        return (int) Math.min(sum, TokenTrie.INFINITE);
    }
}
