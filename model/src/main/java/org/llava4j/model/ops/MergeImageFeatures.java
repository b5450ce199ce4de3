package org.llava4j.model.ops;

import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Merges image features into token embeddings: {@code y[R, D]} is the embedded text with row {@code rows[i]} replaced
 * by image token {@code i}. Entry -1 drops an image token (truncated, or of an image that no placeholder refers to),
 * which then gets a gradient of 0.
 */
public final class MergeImageFeatures extends GraphOp {

    /** Adds the operation to the graph of {@code text} and returns y. */
    public static SDVariable of(String name, SDVariable text, SDVariable images, SDVariable rows) {
        return new MergeImageFeatures().apply(name, text, images, rows)[0];
    }

    /** The embedded text {@code float32[R, D]}. */
    public SDVariable text() {
        return arg(0);
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.rows().replaceRows(in.get(0), in.get(1), in.get(2), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        return listOf(new GradText().apply(dy, arg(2))[0], new GradImages().apply(dy, arg(2))[0]);
    }

    /** Gradient: dText from (dy, rows). */
    public static final class GradText extends GraphOp {
        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.rows().replaceRowsGradBase(in.get(0), in.get(1), out.get(0));
        }
    }

    /** Gradient: dImages from (dy, rows). */
    public static final class GradImages extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {{in.get(1).length(), in.get(0).size(1)}};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.rows().replaceRowsGradReplacement(in.get(0), in.get(1), out.get(0));
        }
    }
}
