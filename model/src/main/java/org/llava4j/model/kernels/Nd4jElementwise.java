package org.llava4j.model.kernels;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reference kernels of sums, copies and scaling. */
final class Nd4jElementwise implements ElementwiseKernels {
    @Override
    public void copy(INDArray x, INDArray y) {
        y.assign(x);
    }

    @Override
    public void add(INDArray a, INDArray b, INDArray y) {
        a.addi(b, y);
    }

    @Override
    public void scale(INDArray x, double factor, INDArray y) {
        x.muli(factor, y);
    }

    @Override
    public void dropout(INDArray x, DropoutMask mask, INDArray y) {
        float[] factors = new float[Math.toIntExact(x.length())];
        Arrays.fill(factors, 1);
        mask.apply(factors, 0, factors.length);
        y.assign(x.mul(Nd4j.createFromArray(factors).reshape('c', x.shape()).castTo(x.dataType())));
    }
}
