package org.llava4j.model.ops;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * CLIP's input embeddings {@code y[N*(P+1), D]}: for each image the class embedding {@code [D]}, then its patch rows
 * {@code [N*P, D]}, all plus the position embeddings {@code [P+1, D]}.
 */
public final class ClassAndPositionEmbeddings extends GraphOp {

    /** Adds the operation to the graph of {@code patches} and returns y. */
    public static SDVariable of(String name, SDVariable patches, SDVariable classEmbedding, SDVariable positions) {
        return new ClassAndPositionEmbeddings().apply(name, patches, classEmbedding, positions)[0];
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        long group = in.get(2).size(0);
        return new long[][] {{in.get(0).size(0) / (group - 1) * group, in.get(0).size(1)}};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        kernels.vision().classAndPositionEmbeddings(in.get(0), in.get(1), in.get(2), out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        List<SDVariable> gradients = new ArrayList<>();
        gradients.add(new GradPatches().apply(dy, arg(2))[0]);
        gradients.addAll(List.of(new GradEmbeddings().apply(dy, arg(1), arg(2))));
        return gradients;
    }

    /** Gradient: dPatches from (dy, positions); positions give the group size. */
    public static final class GradPatches extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {
                DropClassToken.shapeWithoutFirst(in.get(0), in.get(1).size(0))
            };
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.vision().dropFirstRows(in.get(0), Math.toIntExact(in.get(1).size(0)), out.get(0));
        }
    }

    /** Gradient: dClass[D] and dPositions[P+1, D] from (dy, class, positions); the last two give the shapes. */
    public static final class GradEmbeddings extends InputGradient {
        @Override
        protected int outputCount() {
            return 2;
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.vision().classAndPositionEmbeddingsGrad(in.get(0), out.get(0), out.get(1));
        }
    }
}
