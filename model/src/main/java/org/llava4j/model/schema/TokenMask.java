package org.llava4j.model.schema;

/**
 * The tokens that may follow.
 *
 * @param bits {@code bit[V]}
 * @param maxCost the highest cost after one of them
 */
record TokenMask(long[] bits, int maxCost) {

    boolean allows(int id) {
        return (bits[id >> 6] >>> id & 1) != 0;
    }

    static void allow(long[] bits, int id) {
        bits[id >> 6] |= 1L << id;
    }
}
