package org.llava4j.data.tokenizer;

import java.util.Arrays;

/**
 * Token ids with their character offsets in the text, which map a mask over characters to token ids.
 *
 * @param ids {@code int32[T]}
 * @param starts {@code int32[T]}: index of the first char (UTF-16 unit) of each token in the text. Byte tokens of one
 *     character share its start; a token without a char (begin of sequence) has {@link #NO_CHAR}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared or used as a key
public record Encoding(int[] ids, int[] starts) {

    /** Start of a token that corresponds to no char of the text. */
    public static final int NO_CHAR = -1;

    /** Builder that appends tokens in order. */
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
