package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.llava4j.model.memory.Scratch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rotary position embedding (Su et al. 2021, half-split as in Hugging Face). Sines and cosines of a position are
 * computed once and cached.
 */
final class CpuRope implements RopeKernels {
    private static final int FLOATS_PER_TASK = 1 << 15;

    private final RowMath math;
    private final KernelThreadPool pool;
    private final RopeKernels fallback;
    private final Map<Rotation, Table> tables = new ConcurrentHashMap<>();

    CpuRope(MathBackend backend, KernelThreadPool pool, RopeKernels fallback) {
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
    }

    private record Rotation(int headDim, double theta, double scale) {}

    @Override
    public void rotate(
            INDArray x,
            INDArray positions,
            int headDim,
            double theta,
            double scale,
            boolean inverse,
            RotaryOrder order,
            INDArray y) {
        if (Matrix.allReadable(x, y) && Matrix.isReadableInts(positions)) {
            rope(of(x), Matrix.ints(positions), new Rotation(headDim, theta, scale), inverse, order, of(y));
        } else {
            fallback.rotate(x, positions, headDim, theta, scale, inverse, order, y);
        }
    }

    private void rope(Matrix x, int[] positions, Rotation rotation, boolean inverse, RotaryOrder order, Matrix y) {
        int width = x.columns();
        int headDim = rotation.headDim();
        if (positions.length != x.rows() || headDim % 2 != 0 || width % headDim != 0) {
            throw new IllegalArgumentException("x has " + x.rows() + " rows of width " + width + ", but there are "
                    + positions.length + " positions and headDim is " + headDim);
        }
        y.expect("y", x.rows(), width);
        Table table = tables.computeIfAbsent(rotation, Table::new);
        float[][] cosSin = new float[positions.length][];
        for (int r = 0; r < positions.length; r++) {
            cosSin[r] = table.at(positions[r]);
        }
        float sign = inverse ? -1 : 1;
        pool.parallelFor(x.rows(), Math.max(1, FLOATS_PER_TASK / width), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] row = s.row(0, width);
            float[] rotated = s.row(1, width);
            float[] halves = s.row(2, width);
            for (int r = from; r < to; r++) {
                s.read(x.row(r), row, width);
                if (order == RotaryOrder.PAIRS && !inverse) {
                    RotaryOrder.toHalves(row, headDim, halves, width);
                    math.rotate(halves, cosSin[r], headDim, sign, rotated, width);
                } else {
                    math.rotate(row, cosSin[r], headDim, sign, rotated, width);
                }
                if (order == RotaryOrder.PAIRS && inverse) {
                    RotaryOrder.toPairs(rotated, headDim, row, width);
                    s.write(row, y.row(r), width);
                } else {
                    s.write(rotated, y.row(r), width);
                }
            }
        });
    }

    /** Maps a position to d/2 cosines followed by d/2 sines. */
    private static final class Table {
        private final Rotation rotation;
        private final Map<Integer, float[]> byPosition = new ConcurrentHashMap<>();

        Table(Rotation rotation) {
            this.rotation = rotation;
        }

        float[] at(int position) {
            return byPosition.computeIfAbsent(position, this::compute);
        }

        private float[] compute(int position) {
            int half = rotation.headDim() / 2;
            float[] cosSin = new float[2 * half];
            for (int i = 0; i < half; i++) {
                double angle = position / rotation.scale() * Math.pow(rotation.theta(), -2.0 * i / rotation.headDim());
                cosSin[i] = (float) Math.cos(angle);
                cosSin[half + i] = (float) Math.sin(angle);
            }
            return cosSin;
        }
    }
}
