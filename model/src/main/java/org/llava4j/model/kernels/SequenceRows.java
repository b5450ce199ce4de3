package org.llava4j.model.kernels;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of the sequences of an attention call: positions attend only to positions of their own sequence. Rows of no
 * sequence are padding.
 *
 * @param from first row of each sequence, ascending
 * @param to row after the last of each sequence
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SequenceRows(int[] from, int[] to) {

    /**
     * Reads the sequences of a call.
     *
     * @param starts as in {@link AttentionKernels#forward}
     * @throws IllegalArgumentException if they do not fit the shape
     */
    static SequenceRows of(@Nullable INDArray starts, AttentionShape shape) {
        return starts != null && starts.rank() == 2
                ? ofSegments(ints(starts), shape)
                : ofStarts(starts == null ? null : ints(starts), shape);
    }

    private static int[] ints(INDArray array) {
        return Matrix.isReadableInts(array) ? Matrix.ints(array) : array.ravel().toIntVector();
    }

    private static SequenceRows ofStarts(int @Nullable [] starts, AttentionShape shape) {
        if (starts != null && starts.length != shape.sequences()) {
            throw new IllegalArgumentException(
                    "invalid attention shape: " + shape + " with " + starts.length + " starts");
        }
        int[] from = new int[shape.sequences()];
        int[] to = new int[shape.sequences()];
        for (int b = 0; b < from.length; b++) {
            int start = starts == null ? 0 : Math.min(Math.max(starts[b], 0), shape.length());
            from[b] = b * shape.length() + start;
            to[b] = (b + 1) * shape.length();
        }
        return new SequenceRows(from, to);
    }

    private static SequenceRows ofSegments(int[] segments, AttentionShape shape) {
        int[] from = new int[segments.length / 2];
        int[] to = new int[segments.length / 2];
        int end = 0;
        for (int s = 0; s < from.length; s++) {
            from[s] = segments[2 * s];
            to[s] = segments[2 * s + 1];
            if (from[s] < end || to[s] < from[s] || to[s] > (long) shape.sequences() * shape.length()) {
                throw new IllegalArgumentException("invalid segment [" + from[s] + ", " + to[s]
                        + ") of a packed batch: segments are ascending, do not overlap, and end within " + shape);
            }
            end = to[s];
        }
        return new SequenceRows(from, to);
    }

    int count() {
        return from.length;
    }

    int length(int sequence) {
        return to[sequence] - from[sequence];
    }

    /** Length of the longest sequence. */
    int longest() {
        int longest = 0;
        for (int sequence = 0; sequence < count(); sequence++) {
            longest = Math.max(longest, length(sequence));
        }
        return longest;
    }
}
