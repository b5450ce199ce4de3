package org.llava4j.model.lora;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * LoRA matrices of one weight.
 *
 * @param a float32[rank, in]
 * @param b float32[out, rank]
 * @param scale of the product B A
 */
public record LoraPair(INDArray a, INDArray b, double scale) {

    /** Returns W + scale * B A as a new array float32[out, in]. */
    public INDArray mergeInto(INDArray w) {
        INDArray sum = w.dup('c');
        Nd4j.gemm(b, a, sum, false, false, scale, 1.0);
        return sum;
    }
}
