package org.llava4j.model.generate;

import java.util.Arrays;
import org.llava4j.data.batch.SpliceLayout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Keys and values of one layer for several rows of different lengths, in memory that is there from the start. */
final class KeyValues {
    private final int width;
    private final int[] lengths;
    private final float[][] keys;
    private final float[][] values;

    /**
     * @param prompts positions of each row that are there already
     * @param more positions that follow at most
     * @param width of a position: key/value heads times their width
     */
    KeyValues(int[] prompts, int more, int width) {
        this.width = width;
        lengths = prompts.clone();
        keys = new float[prompts.length][];
        values = new float[prompts.length][];
        for (int row = 0; row < prompts.length; row++) {
            keys[row] = new float[(prompts[row] + more) * width];
            values[row] = new float[(prompts[row] + more) * width];
        }
    }

    /** Takes the prompts' own, {@code float32[B*T, width]} each; padding is left out. */
    void take(INDArray k, INDArray v, SpliceLayout layout) {
        float[] allKeys = k.data().asFloat();
        float[] allValues = v.data().asFloat();
        for (int row = 0; row < lengths.length; row++) {
            int from = (row * layout.length() + layout.rowStarts()[row]) * width;
            System.arraycopy(allKeys, from, keys[row], 0, lengths[row] * width);
            System.arraycopy(allValues, from, values[row], 0, lengths[row] * width);
        }
    }

    /** Where the next position of each of these rows is. */
    int[] positions(int... rows) {
        return Arrays.stream(rows).map(row -> lengths[row]).toArray();
    }

    /** Adds a position to each of these rows. */
    void add(int[] rows, INDArray k, INDArray v) {
        float[] newKeys = k.data().asFloat();
        float[] newValues = v.data().asFloat();
        for (int i = 0; i < rows.length; i++) {
            int row = rows[i];
            System.arraycopy(newKeys, i * width, keys[row], lengths[row] * width, width);
            System.arraycopy(newValues, i * width, values[row], lengths[row] * width, width);
            lengths[row]++;
        }
    }

    /**
     * Softmax(q k^T / sqrt(d)) v of the last position of each of these rows.
     *
     * @param q {@code float32[rows, heads * headDim]}
     * @return of the same shape
     */
    float[] attend(int[] rows, float[] q, int heads, int kvHeads, int headDim) {
        float[] y = new float[q.length];
        for (int i = 0; i < rows.length; i++) {
            for (int head = 0; head < heads; head++) {
                int at = (i * heads + head) * headDim;
                attend(rows[i], q, at, head / (heads / kvHeads) * headDim, headDim, y);
            }
        }
        return y;
    }

    private void attend(int row, float[] q, int at, int kvAt, int headDim, float[] y) {
        int length = lengths[row];
        float[] k = keys[row];
        float[] v = values[row];
        float scale = (float) (1 / Math.sqrt(headDim));
        float[] scores = new float[length];
        float most = Float.NEGATIVE_INFINITY;
        for (int position = 0; position < length; position++) {
            float dot = 0;
            int from = position * width + kvAt;
            for (int i = 0; i < headDim; i++) {
                dot += q[at + i] * k[from + i];
            }
            scores[position] = dot * scale;
            most = Math.max(most, scores[position]);
        }
        double sum = 0;
        for (int position = 0; position < length; position++) {
            scores[position] = (float) Math.exp(scores[position] - most);
            sum += scores[position];
        }
        for (int position = 0; position < length; position++) {
            float share = (float) (scores[position] / sum);
            int from = position * width + kvAt;
            for (int i = 0; i < headDim; i++) {
                y[at + i] += share * v[from + i];
            }
        }
    }
}
