package org.llava4j.model.kernels;

import org.llava4j.model.kernels.Kernels.Activation;
import org.llava4j.model.kernels.Kernels.AdamWStep;
import org.llava4j.model.kernels.RowMath.AdamWFactors;
import org.llava4j.model.memory.Scratch;

/**
 * Element-wise kernels: activation functions, sums, scaling, dropout and the AdamW update. Arrays are copied to the
 * heap one tile at a time.
 */
final class CpuElementwise {
    /** Floats of a tile: the tiles of one call fit into the L1 cache. */
    private static final int TILE = 1024;

    private static final int TILES_PER_TASK = 16;

    private final RowMath rows;
    private final ActivationMath math;
    private final KernelThreadPool pool;

    CpuElementwise(MathBackend backend, KernelThreadPool pool) {
        this.rows = backend.rows();
        this.math = backend.activations();
        this.pool = pool;
    }

    void swiGlu(Matrix gate, Matrix up, Matrix y) {
        sameShape(y, gate, up);
        tiles(y.length(), (s, from, n) -> {
            float[] g = read(s, 0, gate, from, n);
            float[] u = read(s, 1, up, from, n);
            math.swiGlu(g, u, g, n);
            s.write(g, y.flat(from), n);
        });
    }

    void swiGluGrad(Matrix dy, Matrix gate, Matrix up, Matrix dGate, Matrix dUp) {
        sameShape(dy, gate, up, dGate, dUp);
        tiles(dy.length(), (s, from, n) -> {
            float[] d = read(s, 0, dy, from, n);
            float[] g = read(s, 1, gate, from, n);
            float[] u = read(s, 2, up, from, n);
            math.swiGluGrad(d, g, u, g, u, n);
            s.write(g, dGate.flat(from), n);
            s.write(u, dUp.flat(from), n);
        });
    }

    void activation(Activation f, Matrix x, Matrix y) {
        sameShape(y, x);
        tiles(y.length(), (s, from, n) -> {
            float[] row = read(s, 0, x, from, n);
            switch (f) {
                case QUICK_GELU -> math.quickGelu(row, row, n);
                case GELU -> math.gelu(row, row, n);
            }
            s.write(row, y.flat(from), n);
        });
    }

    void activationGrad(Activation f, Matrix dy, Matrix x, Matrix dx) {
        sameShape(dx, dy, x);
        tiles(dx.length(), (s, from, n) -> {
            float[] d = read(s, 0, dy, from, n);
            float[] row = read(s, 1, x, from, n);
            switch (f) {
                case QUICK_GELU -> math.quickGeluGrad(d, row, row, n);
                case GELU -> math.geluGrad(d, row, row, n);
            }
            s.write(row, dx.flat(from), n);
        });
    }

    void adamW(Matrix w, Matrix g, Matrix m, Matrix v, AdamWStep step) {
        sameShape(w, g, m, v);
        AdamWFactors factors = AdamWFactors.of(step);
        tiles(w.length(), (s, from, n) -> {
            float[] weight = read(s, 0, w, from, n);
            float[] gradient = read(s, 1, g, from, n);
            float[] mean = read(s, 2, m, from, n);
            float[] variance = read(s, 3, v, from, n);
            rows.adamW(weight, gradient, mean, variance, factors, n);
            s.write(weight, w.flat(from), n);
            s.write(mean, m.flat(from), n);
            s.write(variance, v.flat(from), n);
        });
    }

    void copy(Matrix x, Matrix y) {
        sameShape(y, x);
        tiles(y.length(), (s, from, n) -> s.copy(x.flat(from), y.flat(from), n));
    }

    void add(Matrix a, Matrix b, Matrix y) {
        sameShape(y, a, b);
        tiles(y.length(), (s, from, n) -> {
            float[] sum = read(s, 0, a, from, n);
            rows.add(read(s, 1, b, from, n), sum, n);
            s.write(sum, y.flat(from), n);
        });
    }

    void scale(Matrix x, float factor, Matrix y) {
        sameShape(y, x);
        tiles(y.length(), (s, from, n) -> {
            float[] row = read(s, 0, x, from, n);
            rows.scale(row, factor, n);
            s.write(row, y.flat(from), n);
        });
    }

    void dropout(Matrix x, DropoutMask mask, Matrix y) {
        sameShape(y, x);
        tiles(y.length(), (s, from, n) -> {
            float[] row = read(s, 0, x, from, n);
            mask.apply(row, from, n);
            s.write(row, y.flat(from), n);
        });
    }

    /** Sums the tiles, then their sums, always in the same order. */
    double sumOfSquares(Matrix x) {
        double[] sums = new double[Math.toIntExact((x.length() + TILE - 1) / TILE)];
        tiles(x.length(), (s, from, n) -> {
            float[] row = read(s, 0, x, from, n);
            sums[(int) (from / TILE)] = rows.dot(row, row, n);
        });
        double sum = 0;
        for (double tile : sums) {
            sum += tile;
        }
        return sum;
    }

    private static float[] read(Scratch s, int slot, Matrix x, long from, int n) {
        float[] row = s.row(slot, n);
        s.read(x.flat(from), row, n);
        return row;
    }

    private static void sameShape(Matrix first, Matrix... others) {
        for (Matrix other : others) {
            other.expect("every argument", first.rows(), first.columns());
        }
    }

    private interface Tile {
        void run(Scratch scratch, long from, int floats);
    }

    private void tiles(long length, Tile tile) {
        int count = Math.toIntExact((length + TILE - 1) / TILE);
        pool.parallelFor(count, TILES_PER_TASK, (from, to) -> {
            Scratch s = Scratch.forCurrentThread();
            for (int i = from; i < to; i++) {
                long start = (long) i * TILE;
                tile.run(s, start, (int) Math.min(TILE, length - start));
            }
        });
    }
}
