package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Sums, copies, scaling and dropout, one tile at a time. */
final class CpuElementwise implements ElementwiseKernels {
    private final RowMath rows;
    private final FlatTiles tiles;
    private final ElementwiseKernels fallback;

    CpuElementwise(MathBackend backend, KernelThreadPool pool, ElementwiseKernels fallback) {
        rows = backend.rows();
        tiles = new FlatTiles(pool);
        this.fallback = fallback;
    }

    @Override
    public void copy(INDArray x, INDArray y) {
        if (Matrix.allReadable(x, y)) {
            copy(of(x), of(y));
        } else {
            fallback.copy(x, y);
        }
    }

    private void copy(Matrix x, Matrix y) {
        FlatTiles.requireSameShape(y, x);
        tiles.forEach(y.length(), (s, from, n) -> s.copy(x.flat(from), y.flat(from), n));
    }

    @Override
    public void add(INDArray a, INDArray b, INDArray y) {
        if (Matrix.allReadable(a, b, y)) {
            add(of(a), of(b), of(y));
        } else {
            fallback.add(a, b, y);
        }
    }

    private void add(Matrix a, Matrix b, Matrix y) {
        FlatTiles.requireSameShape(y, a, b);
        tiles.forEach(y.length(), (s, from, n) -> {
            float[] sum = FlatTiles.read(s, 0, a, from, n);
            rows.add(FlatTiles.read(s, 1, b, from, n), sum, n);
            s.write(sum, y.flat(from), n);
        });
    }

    @Override
    public void scale(INDArray x, double factor, INDArray y) {
        if (Matrix.allReadable(x, y)) {
            scale(of(x), (float) factor, of(y));
        } else {
            fallback.scale(x, factor, y);
        }
    }

    private void scale(Matrix x, float factor, Matrix y) {
        FlatTiles.requireSameShape(y, x);
        tiles.forEach(y.length(), (s, from, n) -> {
            float[] row = FlatTiles.read(s, 0, x, from, n);
            rows.scale(row, factor, n);
            s.write(row, y.flat(from), n);
        });
    }

    @Override
    public void dropout(INDArray x, DropoutMask mask, INDArray y) {
        if (Matrix.allReadable(x, y)) {
            dropout(of(x), mask, of(y));
        } else {
            fallback.dropout(x, mask, y);
        }
    }

    private void dropout(Matrix x, DropoutMask mask, Matrix y) {
        FlatTiles.requireSameShape(y, x);
        tiles.forEach(y.length(), (s, from, n) -> {
            float[] row = FlatTiles.read(s, 0, x, from, n);
            mask.apply(row, from, n);
            s.write(row, y.flat(from), n);
        });
    }
}
