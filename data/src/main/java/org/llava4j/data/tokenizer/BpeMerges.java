package org.llava4j.data.tokenizer;

import java.util.Arrays;

/**
 * Merges of a byte-pair model, as a hash table from a pair of symbols to the rank of their merge and the symbol it
 * results in. Lower ranks are merged first. Immutable.
 */
final class BpeMerges {
    /** Result of {@link #find} for a pair that is not merged. */
    static final long NONE = -1;

    private static final long EMPTY = -1;

    private final long[] keys;
    private final long[] values;
    private final int mask;

    private BpeMerges(Builder builder) {
        int slots = Integer.highestOneBit(Math.max(builder.size, 1)) * 4;
        keys = new long[slots];
        values = new long[slots];
        mask = slots - 1;
        Arrays.fill(keys, EMPTY);
        for (int i = 0; i < builder.size; i++) {
            int slot = slot(builder.keys[i]);
            keys[slot] = builder.keys[i];
            values[slot] = builder.values[i];
        }
    }

    /** The merge of two symbols: its {@link #rank} and {@link #result}; {@link #NONE} if they are not merged. */
    long find(int left, int right) {
        if ((left | right) < 0) {
            return NONE;
        }
        long key = key(left, right);
        int slot = slot(key);
        return keys[slot] == key ? values[slot] : NONE;
    }

    static int rank(long merge) {
        return (int) (merge >>> 32);
    }

    static int result(long merge) {
        return (int) merge;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }

    /** The slot of a key, or the free slot where it belongs. */
    private int slot(long key) {
        long hash = key * 0x9E3779B97F4A7C15L;
        int slot = (int) (hash >>> 32) & mask;
        while (keys[slot] != EMPTY && keys[slot] != key) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    /** Builder; a later merge of the same pair replaces an earlier one. */
    static final class Builder {
        private long[] keys = new long[1024];
        private long[] values = new long[1024];
        private int size;

        void add(int left, int right, int rank, int result) {
            if (size == keys.length) {
                keys = Arrays.copyOf(keys, size * 2);
                values = Arrays.copyOf(values, size * 2);
            }
            keys[size] = key(left, right);
            values[size++] = (long) rank << 32 | result;
        }

        BpeMerges build() {
            return new BpeMerges(this);
        }
    }
}
