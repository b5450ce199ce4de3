package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.Matrix.of;

import org.nd4j.linalg.api.ndarray.INDArray;

/** SwiGLU and activation functions, one tile at a time. */
final class CpuActivations implements ActivationKernels {
    private final ActivationMath math;
    private final FlatTiles tiles;
    private final ActivationKernels fallback;

    CpuActivations(MathBackend backend, KernelThreadPool pool, ActivationKernels fallback) {
        math = backend.activations();
        tiles = new FlatTiles(pool);
        this.fallback = fallback;
    }

    @Override
    public void swiGlu(INDArray gate, INDArray up, INDArray y) {
        if (Matrix.allReadable(gate, up, y)) {
            swiGlu(of(gate), of(up), of(y));
        } else {
            fallback.swiGlu(gate, up, y);
        }
    }

    private void swiGlu(Matrix gate, Matrix up, Matrix y) {
        FlatTiles.requireSameShape(y, gate, up);
        tiles.forEach(y.length(), (s, from, n) -> {
            float[] g = FlatTiles.read(s, 0, gate, from, n);
            float[] u = FlatTiles.read(s, 1, up, from, n);
            math.swiGlu(g, u, g, n);
            s.write(g, y.flat(from), n);
        });
    }

    @Override
    public void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp) {
        if (Matrix.allReadable(dy, gate, up, dGate, dUp)) {
            swiGluGrad(of(dy), of(gate), of(up), of(dGate), of(dUp));
        } else {
            fallback.swiGluGrad(dy, gate, up, dGate, dUp);
        }
    }

    private void swiGluGrad(Matrix dy, Matrix gate, Matrix up, Matrix dGate, Matrix dUp) {
        FlatTiles.requireSameShape(dy, gate, up, dGate, dUp);
        tiles.forEach(dy.length(), (s, from, n) -> {
            float[] d = FlatTiles.read(s, 0, dy, from, n);
            float[] g = FlatTiles.read(s, 1, gate, from, n);
            float[] u = FlatTiles.read(s, 2, up, from, n);
            math.swiGluGrad(d, g, u, g, u, n);
            s.write(g, dGate.flat(from), n);
            s.write(u, dUp.flat(from), n);
        });
    }

    @Override
    public void activation(Activation f, INDArray x, INDArray y) {
        if (Matrix.allReadable(x, y)) {
            activation(f, of(x), of(y));
        } else {
            fallback.activation(f, x, y);
        }
    }

    private void activation(Activation f, Matrix x, Matrix y) {
        FlatTiles.requireSameShape(y, x);
        tiles.forEach(y.length(), (s, from, n) -> {
            float[] row = FlatTiles.read(s, 0, x, from, n);
            switch (f) {
                case QUICK_GELU -> math.quickGelu(row, row, n);
                case GELU -> math.gelu(row, row, n);
            }
            s.write(row, y.flat(from), n);
        });
    }

    @Override
    public void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx) {
        if (Matrix.allReadable(dy, x, dx)) {
            activationGrad(f, of(dy), of(x), of(dx));
        } else {
            fallback.activationGrad(f, dy, x, dx);
        }
    }

    private void activationGrad(Activation f, Matrix dy, Matrix x, Matrix dx) {
        FlatTiles.requireSameShape(dx, dy, x);
        tiles.forEach(dx.length(), (s, from, n) -> {
            float[] d = FlatTiles.read(s, 0, dy, from, n);
            float[] row = FlatTiles.read(s, 1, x, from, n);
            switch (f) {
                case QUICK_GELU -> math.quickGeluGrad(d, row, row, n);
                case GELU -> math.geluGrad(d, row, row, n);
            }
            s.write(row, dx.flat(from), n);
        });
    }
}
