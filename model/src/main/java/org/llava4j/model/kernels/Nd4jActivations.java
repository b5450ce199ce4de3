package org.llava4j.model.kernels;

import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of activation functions. */
final class Nd4jActivations implements ActivationKernels {
    private static final double QUICK_GELU_FACTOR = 1.702;

    @Override
    public void swiGlu(INDArray gate, INDArray up, INDArray y) {
        y.assign(Transforms.sigmoid(gate, true).muli(gate).muli(up));
    }

    @Override
    public void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp) {
        INDArray s = Transforms.sigmoid(gate, true);
        dUp.assign(s.mul(gate).muli(dy));
        // silu'(g) = s (1 + g (1 - s))
        dGate.assign(s.rsub(1.0).muli(gate).addi(1.0).muli(s).muli(up).muli(dy));
    }

    @Override
    public void activation(Activation f, INDArray x, INDArray y) {
        switch (f) {
            case QUICK_GELU ->
                y.assign(Transforms.sigmoid(x.mul(QUICK_GELU_FACTOR), false).muli(x));
            case GELU -> y.assign(normalCdf(x).muli(x));
        }
    }

    @Override
    public void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx) {
        switch (f) {
            case QUICK_GELU -> {
                INDArray s = Transforms.sigmoid(x.mul(QUICK_GELU_FACTOR), false);
                dx.assign(s.rsub(1.0)
                        .muli(x)
                        .muli(QUICK_GELU_FACTOR)
                        .addi(1.0)
                        .muli(s)
                        .muli(dy));
            }
            case GELU -> {
                INDArray density = Transforms.exp(x.mul(x).muli(-0.5), false).muli(1 / Math.sqrt(2 * Math.PI));
                dx.assign(density.muli(x).addi(normalCdf(x)).muli(dy));
            }
        }
    }

    private static INDArray normalCdf(INDArray x) {
        INDArray scaled = x.mul(Math.sqrt(0.5));
        return Nd4j.getExecutioner().exec(new Erf(scaled, scaled)).addi(1.0).muli(0.5);
    }
}
