package org.llava4j.model.kernels;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of RMSNorm and LayerNorm. */
final class Nd4jNorms implements NormKernels {
    @Override
    public void rmsNorm(INDArray x, INDArray w, double eps, INDArray y) {
        y.assign(x.mulColumnVector(inverseRms(x, eps)).muliRowVector(w));
    }

    @Override
    public void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        // With n = x r and g = dy w: dx = r (g - n mean(g n)).
        INDArray r = inverseRms(x, eps);
        INDArray n = x.mulColumnVector(r);
        INDArray g = dy.mulRowVector(w);
        INDArray meanGn = column(g.mul(n).mean(1));
        dx.assign(g.subi(n.muliColumnVector(meanGn)).muliColumnVector(r));
    }

    @Override
    public void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw) {
        dw.assign(x.mulColumnVector(inverseRms(x, eps)).muli(dy).sum(0));
    }

    private static INDArray inverseRms(INDArray x, double eps) {
        return column(Transforms.sqrt(x.mul(x).mean(1).addi(eps)).rdivi(1.0));
    }

    @Override
    public void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y) {
        y.assign(normalized(x, eps).muliRowVector(w).addiRowVector(b));
    }

    @Override
    public void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        // With n the normalized x and g = dy w: dx = (g - mean(g) - n mean(g n)) / sqrt(var + eps).
        INDArray n = normalized(x, eps);
        INDArray g = dy.mulRowVector(w);
        INDArray meanG = column(g.mean(1));
        INDArray meanGn = column(g.mul(n).mean(1));
        INDArray centered = g.subiColumnVector(meanG).subi(n.muliColumnVector(meanGn));
        dx.assign(centered.muliColumnVector(inverseDeviation(x, eps)));
    }

    @Override
    public void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db) {
        dw.assign(normalized(x, eps).muli(dy).sum(0));
        db.assign(dy.sum(0));
    }

    private static INDArray normalized(INDArray x, double eps) {
        return x.subColumnVector(column(x.mean(1))).muliColumnVector(inverseDeviation(x, eps));
    }

    private static INDArray inverseDeviation(INDArray x, double eps) {
        INDArray centered = x.subColumnVector(column(x.mean(1)));
        return column(Transforms.sqrt(centered.muli(centered).mean(1).addi(eps)).rdivi(1.0));
    }

    /** A vector [R] as a column [R, 1]. */
    static INDArray column(INDArray vector) {
        return vector.reshape(vector.length(), 1);
    }
}
