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
    private final Map<Frequencies, Table> tables = new ConcurrentHashMap<>();

    CpuRope(MathBackend backend, KernelThreadPool pool, RopeKernels fallback) {
        this.math = backend.rows();
        this.pool = pool;
        this.fallback = fallback;
    }

    private record Frequencies(int headDim, double theta, double scale) {}

    @Override
    public void rotate(INDArray x, INDArray positions, Rotation rotation, INDArray y) {
        if (Matrix.allReadable(x, y) && Matrix.isReadableInts(positions)) {
            rope(of(x), Matrix.ints(positions), rotation, of(y));
        } else {
            fallback.rotate(x, positions, rotation, y);
        }
    }

    private void rope(Matrix x, int[] positions, Rotation rotation, Matrix y) {
        int width = x.columns();
        int headDim = rotation.headDim();
        if (positions.length != x.rows() || headDim % 2 != 0 || width % headDim != 0) {
            throw new IllegalArgumentException("x has " + x.rows() + " rows of width " + width + ", but there are "
                    + positions.length + " positions and headDim is " + headDim);
        }
        y.expect("y", x.rows(), width);
        Table table = tables.computeIfAbsent(new Frequencies(headDim, rotation.theta(), rotation.scale()), Table::new);
        float[][] cosSin = new float[positions.length][];
        for (int r = 0; r < positions.length; r++) {
            cosSin[r] = table.at(positions[r]);
        }
        boolean inverse = rotation.inverse();
        boolean hasPairs = rotation.order() == RotaryOrder.PAIRS;
        float sign = inverse ? -1 : 1;
        pool.parallelFor(x.rows(), Math.max(1, FLOATS_PER_TASK / width), (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            float[] row = s.row(0, width);
            float[] rotated = s.row(1, width);
            float[] halves = s.row(2, width);
            for (int r = from; r < to; r++) {
                s.read(x.row(r), row, width);
                if (hasPairs && !inverse) {
                    RotaryOrder.toHalves(row, headDim, halves, width);
                    math.rotate(halves, cosSin[r], headDim, sign, rotated, width);
                } else {
                    math.rotate(row, cosSin[r], headDim, sign, rotated, width);
                }
                if (hasPairs && inverse) {
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
        private final Frequencies frequencies;
        private final Map<Integer, float[]> byPosition = new ConcurrentHashMap<>();

        Table(Frequencies frequencies) {
            this.frequencies = frequencies;
        }

        float[] at(int position) {
            return byPosition.computeIfAbsent(position, this::compute);
        }

        private float[] compute(int position) {
            int half = frequencies.headDim() / 2;
            float[] cosSin = new float[2 * half];
            for (int i = 0; i < half; i++) {
                double angle = position
                        / frequencies.scale()
                        * Math.pow(frequencies.theta(), -2.0 * i / frequencies.headDim());
                cosSin[i] = (float) Math.cos(angle);
                cosSin[half + i] = (float) Math.sin(angle);
            }
            return cosSin;
        }
    }
}
