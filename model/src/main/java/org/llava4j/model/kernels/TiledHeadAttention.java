package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.TileMath.COLUMNS;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.llava4j.model.kernels.TileMath.HeapMatrix;
import org.llava4j.model.memory.Scratch;

/**
 * {@link HeadAttention} on the heap: keys and values are copied there once per head, and the scores of a block of queries
 * stay in the caches from their product to the softmax and the next product. The scores are transposed, {@code [keys,
 * queries]}: so no operand but the queries needs to be, and the softmax of all queries of a block runs side by side.
 *
 * <p>What a query's softmax divides by is applied to its row of the result, which is shorter than its row of scores.
 */
final class TiledHeadAttention implements HeadAttention {
    private static final HeapMatrix ZEROS = new HeapMatrix(new float[COLUMNS], 0, 0, 1);

    private final TileMath math;

    TiledHeadAttention(TileMath math) {
        this.math = math;
    }

    /** A thread's arrays, by their slots of {@link Scratch}. */
    private enum Slot {
        KEYS,
        VALUES,
        QUERIES,
        QUERIES_TRANSPOSED,
        SCORES,
        INVERSE_SUMS,
        RESULT,
        DY,
        DY_TRANSPOSED,
        SCORE_GRADIENTS,
        KEY_GRADIENTS,
        VALUE_GRADIENTS;

        float[] array(int length) {
            return Scratch.forCurrentThread().row(ordinal(), length);
        }
    }

    @Override
    public void forward(Head head, HeadRows y) {
        int d = head.width();
        Rows keys = Rows.read(Slot.KEYS, head.keys(), head.keyCount(), d);
        Rows values = Rows.read(Slot.VALUES, head.values(), head.keyCount(), d);
        Block block = new Block(head, keys);
        for (int row = 0; row < head.queryCount(); row += COLUMNS) {
            block.computeScores(row);
            Rows result = block.weightedSum(block.scores, values);
            for (int i = 0; i < block.rows; i++) {
                result.scaleRow(i, block.inverseSums[i]);
            }
            result.write(0, y, row, block.rows);
        }
    }

    @Override
    public void gradient(Head head, HeadRows dy, HeadGradients gradients, boolean add) {
        int d = head.width();
        int keyCount = head.keyCount();
        Rows keys = Rows.read(Slot.KEYS, head.keys(), keyCount, d);
        Rows values = Rows.read(Slot.VALUES, head.values(), keyCount, d);
        HeadRows dk = gradients.keys();
        HeadRows dv = gradients.values();
        Rows keyGradients = Rows.readOrZero(Slot.KEY_GRADIENTS, dk, keyCount, d, add);
        Rows valueGradients = Rows.readOrZero(Slot.VALUE_GRADIENTS, dv, keyCount, d, add);
        Rows dyRows = Rows.of(Slot.DY, COLUMNS, d);
        Block block = new Block(head, keys);
        float[] scoreGradients = Slot.SCORE_GRADIENTS.array(TileMath.padded(keyCount) * COLUMNS);
        for (int row = 0; row < head.queryCount(); row += COLUMNS) {
            block.computeScores(row);
            dyRows.read(0, dy, row, block.rows);
            dyRows.clearFrom(block.rows);
            block.product(values, dyRows.transposed(Slot.DY_TRANSPOSED), scoreGradients);
            math.softmaxGrad(block.scores, block.inverseSums, scoreGradients, block.keys);
            for (int i = 0; i < block.rows; i++) {
                dyRows.scaleRow(i, block.inverseSums[i]);
            }
            block.addTo(valueGradients, block.scores, dyRows);
            block.addTo(keyGradients, scoreGradients, block.queries);
            Rows queryGradients = block.weightedSum(scoreGradients, keys);
            for (int i = 0; i < block.rows; i++) {
                queryGradients.scaleRow(i, head.scale());
            }
            queryGradients.write(0, gradients.queries(), row, block.rows);
        }
        keyGradients.writeAll(dk, keyCount);
        valueGradients.writeAll(dv, keyCount);
    }

    /** A block of up to {@link TileMath#COLUMNS} queries of a head. */
    private final class Block {
        private final Head head;
        private final Rows keyRows;
        /** The queries times the scale of the scores. */
        private final Rows queries;
        /** Numerators of the softmax, {@code [keys, COLUMNS]}. */
        private final float[] scores;

        private final float[] inverseSums = Slot.INVERSE_SUMS.array(COLUMNS);
        private int rows;
        private int keys;

        Block(Head head, Rows keyRows) {
            this.head = head;
            this.keyRows = keyRows;
            queries = Rows.of(Slot.QUERIES, COLUMNS, head.width());
            scores = Slot.SCORES.array(TileMath.padded(head.keyCount()) * COLUMNS);
        }

        /** Moves to the block that begins at a query, and computes its scores. */
        void computeScores(int row) {
            rows = Math.min(COLUMNS, head.queryCount() - row);
            keys = head.keysOf(row, rows);
            queries.read(0, head.queries(), row, rows);
            queries.clearFrom(rows);
            for (int i = 0; i < rows; i++) {
                queries.scaleRow(i, head.scale());
            }
            product(keyRows, queries.transposed(Slot.QUERIES_TRANSPOSED), scores);
            int visible = head.visible() + row;
            for (int key = visible; key < keys; key++) {
                Arrays.fill(scores, key * COLUMNS, key * COLUMNS + key - visible + 1, Float.NEGATIVE_INFINITY);
            }
            math.softmaxNumerators(scores, keys, inverseSums);
        }

        /** y[keys, COLUMNS] = a[keys, d] b[d, COLUMNS]; 0 in the padding. */
        void product(Rows a, HeapMatrix b, float[] y) {
            math.multiply(TileMath.padded(keys), a.width, a.from(0), b, ZEROS, new HeapMatrix(y, 0, COLUMNS, 1));
            Arrays.fill(y, keys * COLUMNS, TileMath.padded(keys) * COLUMNS, 0f);
        }

        /** The product of transposed weights [keys, COLUMNS] and rows [keys, d]: [COLUMNS, d]. */
        Rows weightedSum(float[] weights, Rows ofRows) {
            Rows y = Rows.of(Slot.RESULT, COLUMNS, head.width());
            HeapMatrix transposed = new HeapMatrix(weights, 0, 1, COLUMNS);
            for (int column = 0; column < head.width(); column += COLUMNS) {
                math.multiply(COLUMNS, keys, transposed, ofRows.from(column), ZEROS, y.from(column));
            }
            return y;
        }

        /** sums[keys, d] += weights[keys, COLUMNS] ofRows[COLUMNS, d]. */
        void addTo(Rows sums, float[] weights, Rows ofRows) {
            HeapMatrix a = new HeapMatrix(weights, 0, COLUMNS, 1);
            for (int column = 0; column < head.width(); column += COLUMNS) {
                HeapMatrix sum = sums.from(column);
                math.multiply(TileMath.padded(keys), COLUMNS, a, ofRows.from(column), sum, sum);
            }
        }
    }

    /** Rows of d values on the heap, padded with zeros to whole tiles in both directions. */
    private static final class Rows {
        /** A buffer has up to 2 GiB; a row of all heads may take much of a megabyte. */
        private static final int ROWS_PER_BUFFER = 1024;

        private final float[] values;
        private final int count;
        private final int width;
        private final int stride;

        private Rows(float[] values, int count, int width, int stride) {
            this.values = values;
            this.count = count;
            this.width = width;
            this.stride = stride;
        }

        /** Rows with unspecified contents. */
        static Rows of(Slot slot, int rows, int width) {
            int count = TileMath.padded(rows);
            int stride = (width + COLUMNS - 1) / COLUMNS * COLUMNS;
            return new Rows(slot.array(count * stride), count, width, stride);
        }

        static Rows read(Slot slot, HeadRows from, int rows, int width) {
            Rows read = of(slot, rows, width);
            for (int row = 0; row < rows; row += ROWS_PER_BUFFER) {
                read.read(row, from, row, Math.min(ROWS_PER_BUFFER, rows - row));
            }
            read.clearFrom(rows);
            return read;
        }

        static Rows readOrZero(Slot slot, HeadRows from, int rows, int width, boolean read) {
            if (read) {
                return read(slot, from, rows, width);
            }
            Rows zeros = of(slot, rows, width);
            zeros.clearFrom(0);
            return zeros;
        }

        /** Reads {@code rows} rows of native memory, from {@code fromRow} on, into rows from {@code row} on. */
        void read(int row, HeadRows from, int fromRow, int rows) {
            FloatBuffer buffer = from.buffer(fromRow, rows, width);
            if (from.stride() == width && stride == width) {
                buffer.get(values, row * stride, rows * width);
                return;
            }
            for (int i = 0; i < rows; i++) {
                int at = (row + i) * stride;
                buffer.get(i * from.stride(), values, at, width);
                Arrays.fill(values, at + width, at + stride, 0f);
            }
        }

        /** Sets rows from {@code row} on to zero. */
        void clearFrom(int row) {
            Arrays.fill(values, row * stride, count * stride, 0f);
        }

        /** Writes {@code rows} rows from {@code row} on to native memory, there from {@code toRow} on. */
        void write(int row, HeadRows to, int toRow, int rows) {
            FloatBuffer buffer = to.buffer(toRow, rows, width);
            for (int i = 0; i < rows; i++) {
                buffer.put(i * to.stride(), values, (row + i) * stride, width);
            }
        }

        void writeAll(HeadRows to, int rows) {
            for (int row = 0; row < rows; row += ROWS_PER_BUFFER) {
                write(row, to, row, Math.min(ROWS_PER_BUFFER, rows - row));
            }
        }

        void scaleRow(int row, float factor) {
            for (int i = row * stride; i < row * stride + width; i++) {
                values[i] *= factor;
            }
        }

        /** The first {@link TileMath#COLUMNS} rows as columns. */
        HeapMatrix transposed(Slot slot) {
            float[] columns = slot.array(width * COLUMNS);
            for (int i = 0; i < COLUMNS; i++) {
                for (int j = 0; j < width; j++) {
                    columns[j * COLUMNS + i] = values[i * stride + j];
                }
            }
            return new HeapMatrix(columns, 0, COLUMNS, 1);
        }

        /** All rows, from a column on. */
        HeapMatrix from(int column) {
            return new HeapMatrix(values, column, stride, 1);
        }
    }
}
