package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Patch extraction: cuts {@code pixels[N, C, S, S]} into rows {@code y[N*P, C*p*p]}. Followed by {@link Linear} it is
 * CLIP's patch convolution. It has no gradient, because pixels are a placeholder.
 */
public final class ExtractPatches extends GraphOp {

    /** Adds the operation to the graph of {@code pixels} and returns y. */
    public static SDVariable of(String name, SDVariable pixels, int patchSize) {
        return new ExtractPatches().ints(patchSize).apply(name, pixels)[0];
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        INDArray pixels = in.get(0);
        long p = intArg(0);
        long perImage = (pixels.size(2) / p) * (pixels.size(3) / p);
        return new long[][] {{pixels.size(0) * perImage, pixels.size(1) * p * p}};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.vision().extractPatches(in.get(0), intArg(0), out.get(0));
    }
}
