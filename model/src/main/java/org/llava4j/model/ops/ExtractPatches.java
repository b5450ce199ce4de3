package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code pixels[N, C, S, S]} cut into rows {@code y[N*P, C*p*p]}; with {@link Linear} behind it, CLIP's convolution. */
public final class ExtractPatches extends GraphOp {

    public ExtractPatches() {}

    private ExtractPatches(SameDiff sd, int patchSize, SDVariable pixels) {
        super(sd, pixels);
        addIArgument(patchSize);
    }

    public static SDVariable of(String name, SDVariable pixels, int patchSize) {
        return new ExtractPatches(pixels.getSameDiff(), patchSize, pixels).addToGraph(name)[0];
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
        kernels.extractPatches(in.get(0), intArg(0), out.get(0));
    }
}
