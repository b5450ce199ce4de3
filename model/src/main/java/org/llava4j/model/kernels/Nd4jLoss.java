package org.llava4j.model.kernels;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Reference kernels of the cross-entropy loss. */
final class Nd4jLoss implements LossKernels {
    @Override
    public void crossEntropy(INDArray logits, INDArray targets, INDArray loss) {
        INDArray max = logits.max(1);
        INDArray shifted = logits.subColumnVector(Nd4jNorms.column(max));
        INDArray logSum = Transforms.log(Transforms.exp(shifted, true).sum(1));
        double total = logSum.castTo(DataType.DOUBLE).sumNumber().doubleValue();
        for (int m = 0; m < targets.length(); m++) {
            total -= shifted.getDouble(m, targets.getInt(m));
        }
        loss.assign(total / targets.length());
    }

    @Override
    public void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits) {
        INDArray p = logits.subColumnVector(Nd4jNorms.column(logits.max(1)));
        Transforms.exp(p, false);
        p.diviColumnVector(Nd4jNorms.column(p.sum(1)));
        for (int m = 0; m < targets.length(); m++) {
            int target = targets.getInt(m);
            p.putScalar(m, target, p.getDouble(m, target) - 1);
        }
        dLogits.assign(p.muli(dLoss.getDouble(0) / targets.length()));
    }
}
