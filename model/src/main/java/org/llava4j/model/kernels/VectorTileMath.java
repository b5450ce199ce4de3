package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.VectorFastMath.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * {@link TileMath} with the Vector API. The innermost product keeps the sums of eight rows and two vectors in registers. With
 * the 16 registers of AVX2 the JIT compiler spills them, and OpenBLAS is faster.
 */
final class VectorTileMath implements TileMath {
    /** Whether the CPU has 512-bit vectors, and so 32 registers. */
    static final boolean IS_FAST = SPECIES.vectorBitSize() == 512;

    private static final int LANES = SPECIES.length();

    @Override
    public void multiply(int rows, int depth, HeapMatrix a, HeapMatrix b, HeapMatrix start, HeapMatrix c) {
        for (int column = 0; column < COLUMNS; column += 2 * LANES) {
            for (int i = 0; i < rows; i += 8) {
                multiplyTile(
                        depth,
                        a.values(),
                        a.at() + i * a.row(),
                        a.row(),
                        a.column(),
                        b.values(),
                        b.at() + column,
                        b.row(),
                        start.values(),
                        start.at() + i * start.row() + column,
                        start.row(),
                        c.values(),
                        c.at() + i * c.row() + column,
                        c.row());
            }
        }
    }

    /**
     * {@link #multiply} of eight rows and two vectors. Unrolled by hand, because C2 keeps vectors in registers only as local
     * variables, not as elements of an array.
     */
    private static void multiplyTile(
            int depth,
            float[] a,
            int aAt,
            int aRow,
            int aColumn,
            float[] b,
            int bAt,
            int bRow,
            float[] start,
            int startAt,
            int startRow,
            float[] c,
            int cAt,
            int cRow) {
        FloatVector left0 = FloatVector.fromArray(SPECIES, start, startAt + 0 * startRow);
        FloatVector right0 = FloatVector.fromArray(SPECIES, start, startAt + 0 * startRow + LANES);
        FloatVector left1 = FloatVector.fromArray(SPECIES, start, startAt + 1 * startRow);
        FloatVector right1 = FloatVector.fromArray(SPECIES, start, startAt + 1 * startRow + LANES);
        FloatVector left2 = FloatVector.fromArray(SPECIES, start, startAt + 2 * startRow);
        FloatVector right2 = FloatVector.fromArray(SPECIES, start, startAt + 2 * startRow + LANES);
        FloatVector left3 = FloatVector.fromArray(SPECIES, start, startAt + 3 * startRow);
        FloatVector right3 = FloatVector.fromArray(SPECIES, start, startAt + 3 * startRow + LANES);
        FloatVector left4 = FloatVector.fromArray(SPECIES, start, startAt + 4 * startRow);
        FloatVector right4 = FloatVector.fromArray(SPECIES, start, startAt + 4 * startRow + LANES);
        FloatVector left5 = FloatVector.fromArray(SPECIES, start, startAt + 5 * startRow);
        FloatVector right5 = FloatVector.fromArray(SPECIES, start, startAt + 5 * startRow + LANES);
        FloatVector left6 = FloatVector.fromArray(SPECIES, start, startAt + 6 * startRow);
        FloatVector right6 = FloatVector.fromArray(SPECIES, start, startAt + 6 * startRow + LANES);
        FloatVector left7 = FloatVector.fromArray(SPECIES, start, startAt + 7 * startRow);
        FloatVector right7 = FloatVector.fromArray(SPECIES, start, startAt + 7 * startRow + LANES);
        int a0 = aAt + 0 * aRow;
        int a1 = aAt + 1 * aRow;
        int a2 = aAt + 2 * aRow;
        int a3 = aAt + 3 * aRow;
        int a4 = aAt + 4 * aRow;
        int a5 = aAt + 5 * aRow;
        int a6 = aAt + 6 * aRow;
        int a7 = aAt + 7 * aRow;
        for (int k = 0; k < depth; k++) {
            FloatVector left = FloatVector.fromArray(SPECIES, b, bAt + k * bRow);
            FloatVector right = FloatVector.fromArray(SPECIES, b, bAt + k * bRow + LANES);
            FloatVector x0 = FloatVector.broadcast(SPECIES, a[a0 + k * aColumn]);
            left0 = x0.fma(left, left0);
            right0 = x0.fma(right, right0);
            FloatVector x1 = FloatVector.broadcast(SPECIES, a[a1 + k * aColumn]);
            left1 = x1.fma(left, left1);
            right1 = x1.fma(right, right1);
            FloatVector x2 = FloatVector.broadcast(SPECIES, a[a2 + k * aColumn]);
            left2 = x2.fma(left, left2);
            right2 = x2.fma(right, right2);
            FloatVector x3 = FloatVector.broadcast(SPECIES, a[a3 + k * aColumn]);
            left3 = x3.fma(left, left3);
            right3 = x3.fma(right, right3);
            FloatVector x4 = FloatVector.broadcast(SPECIES, a[a4 + k * aColumn]);
            left4 = x4.fma(left, left4);
            right4 = x4.fma(right, right4);
            FloatVector x5 = FloatVector.broadcast(SPECIES, a[a5 + k * aColumn]);
            left5 = x5.fma(left, left5);
            right5 = x5.fma(right, right5);
            FloatVector x6 = FloatVector.broadcast(SPECIES, a[a6 + k * aColumn]);
            left6 = x6.fma(left, left6);
            right6 = x6.fma(right, right6);
            FloatVector x7 = FloatVector.broadcast(SPECIES, a[a7 + k * aColumn]);
            left7 = x7.fma(left, left7);
            right7 = x7.fma(right, right7);
        }
        left0.intoArray(c, cAt + 0 * cRow);
        right0.intoArray(c, cAt + 0 * cRow + LANES);
        left1.intoArray(c, cAt + 1 * cRow);
        right1.intoArray(c, cAt + 1 * cRow + LANES);
        left2.intoArray(c, cAt + 2 * cRow);
        right2.intoArray(c, cAt + 2 * cRow + LANES);
        left3.intoArray(c, cAt + 3 * cRow);
        right3.intoArray(c, cAt + 3 * cRow + LANES);
        left4.intoArray(c, cAt + 4 * cRow);
        right4.intoArray(c, cAt + 4 * cRow + LANES);
        left5.intoArray(c, cAt + 5 * cRow);
        right5.intoArray(c, cAt + 5 * cRow + LANES);
        left6.intoArray(c, cAt + 6 * cRow);
        right6.intoArray(c, cAt + 6 * cRow + LANES);
        left7.intoArray(c, cAt + 7 * cRow);
        right7.intoArray(c, cAt + 7 * cRow + LANES);
    }

    @Override
    public void softmaxNumerators(float[] x, int rows, float[] inverseSums) {
        for (int column = 0; column < COLUMNS; column += LANES) {
            FloatVector max = FloatVector.fromArray(SPECIES, x, column);
            for (int i = 1; i < rows; i++) {
                max = max.max(FloatVector.fromArray(SPECIES, x, i * COLUMNS + column));
            }
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int i = 0; i < rows; i++) {
                FloatVector e = VectorFastMath.exp(
                        FloatVector.fromArray(SPECIES, x, i * COLUMNS + column).sub(max));
                e.intoArray(x, i * COLUMNS + column);
                sum = sum.add(e);
            }
            FloatVector.broadcast(SPECIES, 1f).div(sum).intoArray(inverseSums, column);
        }
    }

    @Override
    public void softmaxGrad(float[] numerators, float[] inverseSums, float[] dp, int rows) {
        for (int column = 0; column < COLUMNS; column += LANES) {
            FloatVector inverse = FloatVector.fromArray(SPECIES, inverseSums, column);
            FloatVector dot = FloatVector.zero(SPECIES);
            for (int i = 0; i < rows; i++) {
                FloatVector p = FloatVector.fromArray(SPECIES, numerators, i * COLUMNS + column);
                dot = dot.add(p.mul(FloatVector.fromArray(SPECIES, dp, i * COLUMNS + column)));
            }
            dot = dot.mul(inverse);
            for (int i = 0; i < rows; i++) {
                FloatVector p = FloatVector.fromArray(SPECIES, numerators, i * COLUMNS + column)
                        .mul(inverse);
                FloatVector.fromArray(SPECIES, dp, i * COLUMNS + column)
                        .sub(dot)
                        .mul(p)
                        .intoArray(dp, i * COLUMNS + column);
            }
        }
    }
}
