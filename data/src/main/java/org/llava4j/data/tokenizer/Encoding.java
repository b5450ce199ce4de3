package org.llava4j.data.tokenizer;

import java.util.Arrays;

/**
 * Token ids with the place in the text where each begins, so that a mask over characters can be carried over to ids.
 *
 * @param ids {@code int32[T]}
 * @param starts {@code int32[T]}: index of the first char (UTF-16 unit) of the text that the token covers; the bytes of
 *     one character share its start; a leading token that stands for no char at all (begin of sequence) has -1
 */
@SuppressWarnings("ArrayRecordComponent") // plain numbers for the graph; never compared or used as a key
public record Encoding(int[] ids, int[] starts) {

    /** Start of a token that no char of the text stands for. */
    public static final int NO_CHAR = -1;

    /** Collects tokens in order. */
    static final class Builder {
        private int[] ids = new int[32];
        private int[] starts = new int[32];
        private int size;

        void add(int id, int start) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, size * 2);
                starts = Arrays.copyOf(starts, size * 2);
            }
            ids[size] = id;
            starts[size++] = start;
        }

        int size() {
            return size;
        }

        int id(int index) {
            return ids[index];
        }

        void remove(int index) {
            System.arraycopy(ids, index + 1, ids, index, size - index - 1);
            System.arraycopy(starts, index + 1, starts, index, size - index - 1);
            size--;
        }

        void raiseStarts(int fromIndex, int lowest) {
            for (int i = fromIndex; i < size; i++) {
                starts[i] = Math.max(starts[i], lowest);
            }
        }

        Encoding build() {
            return new Encoding(Arrays.copyOf(ids, size), Arrays.copyOf(starts, size));
        }
    }
}
