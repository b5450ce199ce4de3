package org.llava4j.model.kernels;

import org.llava4j.model.kernels.OptimizerKernels.AdamWStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of the optimizer step. */
final class Nd4jOptimizer implements OptimizerKernels {
    @Override
    public double sumOfSquares(INDArray x) {
        double norm = x.norm2Number().doubleValue();
        return norm * norm;
    }

    @Override
    public void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step) {
        INDArray scaled = g.mul(step.gradScale());
        double correction1 = 1 - Math.pow(step.beta1(), step.step());
        double correction2 = Math.sqrt(1 - Math.pow(step.beta2(), step.step()));
        if (step.weightDecay() != 0) {
            w.muli(1 - step.rate() * step.weightDecay());
        }
        m.addi(scaled.sub(m).muli(1 - step.beta1()));
        v.muli(step.beta2()).addi(scaled.muli(scaled).muli(1 - step.beta2()));
        INDArray denominator = Transforms.sqrt(v, true).divi(correction2).addi(step.eps());
        w.subi(m.div(denominator).muli(step.rate() / correction1));
    }
}
