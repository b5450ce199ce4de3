package org.llava4j.model.ops;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.QuantizedFormat;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Linear layers on one input: {@code y_i[R, N_i] = x[R, K] W_i[N_i, K]^T (+ b_i[N_i]) (+ residual[R, N])}. Several
 * weights (q, k, v; gate, up) share one operation, so that their input gradients are one sum. Weights keep Hugging
 * Face's layout; a convolution kernel {@code [N, C, p, p]} is read as {@code [N, C*p*p]}. A frozen weight may be stored
 * in low precision (BFLOAT16, HALF or quantized): it is converted to float32 as it is read.
 */
public final class Linear extends GraphOp {

    /** y = x W^T. */
    public static SDVariable of(String name, SDVariable x, SDVariable w) {
        return new Linear().ints(1).booleans(false, false).apply(name, x, w)[0];
    }

    /** y = x W^T + b. */
    public static SDVariable of(String name, SDVariable x, SDVariable w, SDVariable b) {
        return new Linear().ints(1).booleans(true, false).apply(name, x, w, b)[0];
    }

    /** y = x W^T + residual. */
    public static SDVariable withResidual(String name, SDVariable residual, SDVariable x, SDVariable w) {
        return new Linear().ints(1).booleans(false, true).apply(name, x, w, residual)[0];
    }

    /** y = x W^T + b + residual. */
    public static SDVariable withResidual(String name, SDVariable residual, SDVariable x, SDVariable w, SDVariable b) {
        return new Linear().ints(1).booleans(true, true).apply(name, x, w, b, residual)[0];
    }

    /** y_i = x W_i^T, each one output. */
    public static SDVariable[] projections(String name, SDVariable x, SDVariable... ws) {
        return new Linear().ints(ws.length).booleans(false, false).apply(name, concat(x, ws));
    }

    /** y_i = x W_i^T + b_i, each one output; {@code bs[i]} belongs to {@code ws[i]}. */
    public static SDVariable[] projections(String name, SDVariable x, SDVariable[] ws, SDVariable[] bs) {
        return new Linear().ints(ws.length).booleans(true, false).apply(name, concat(x, ws, bs));
    }

    private static SDVariable[] concat(SDVariable x, SDVariable[]... groups) {
        List<SDVariable> all = new ArrayList<>();
        all.add(x);
        for (SDVariable[] group : groups) {
            all.addAll(List.of(group));
        }
        return all.toArray(new SDVariable[0]);
    }

    private boolean hasBias() {
        return booleanArg(0);
    }

    private boolean hasResidual() {
        return booleanArg(1);
    }

    @Override
    protected int outputCount() {
        return intArg(0);
    }

    @Override
    protected long[][] outputShapes(List<INDArray> in) {
        long[][] shapes = new long[outputCount()][];
        for (int i = 0; i < shapes.length; i++) {
            shapes[i] = shape(in.get(0).size(0), in.get(1 + i).size(0));
        }
        return shapes;
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        int n = outputCount();
        if (n > 1 && !hasBias()) {
            INDArray[] ws = in.subList(1, 1 + n).toArray(new INDArray[0]);
            kernels.linear().forwardEach(in.get(0), ws, out.toArray(new INDArray[0]));
            return;
        }
        INDArray residual = hasResidual() ? in.get(in.size() - 1) : null;
        for (int i = 0; i < n; i++) {
            INDArray bias = hasBias() ? in.get(1 + n + i) : null;
            kernels.linear().forward(in.get(0), in.get(1 + i), bias, residual, out.get(i));
        }
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        int n = outputCount();
        SDVariable x = arg(0);
        List<SDVariable> gradients = new ArrayList<>();
        SDVariable[] dysAndWeights = new SDVariable[2 * n];
        for (int i = 0; i < n; i++) {
            dysAndWeights[i] = dys.get(i);
            dysAndWeights[n + i] = arg(1 + i);
        }
        gradients.add(new GradInput().apply(dysAndWeights)[0]);
        for (int i = 0; i < n; i++) {
            gradients.add(new GradWeight().apply(dys.get(i), x, arg(1 + i))[0]);
        }
        for (int i = 0; i < n && hasBias(); i++) {
            gradients.add(new GradBias().apply(dys.get(i))[0]);
        }
        if (hasResidual()) {
            // A copy, because SameDiff would rename dy if it were returned itself.
            gradients.add(sameDiff.identity(dys.get(0)));
        }
        return gradients;
    }

    /** Input gradient dx[R, K] = sum dy_i W_i. Inputs: the n output gradients, then the n weights. */
    public static final class GradInput extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            INDArray w = in.get(in.size() / 2);
            return new long[][] {{in.get(0).size(0), QuantizedFormat.inputs(w)}};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            int n = in.size() / 2;
            INDArray[] dys = in.subList(0, n).toArray(new INDArray[0]);
            INDArray[] ws = in.subList(n, 2 * n).toArray(new INDArray[0]);
            kernels.linear().gradInput(dys, ws, out.get(0));
        }
    }

    /** Weight gradient dW = dy^T x, in the weight's shape. */
    public static final class GradWeight extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {in.get(2).shape()};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            requireTrainable(in.get(2));
            kernels.linear().gradWeight(in.get(0), in.get(1), out.get(0));
        }
    }

    /** Bias gradient db[N] = column sums of dy[R, N]. */
    public static final class GradBias extends GraphOp {
        @Override
        protected long[][] outputShapes(List<INDArray> in) {
            return new long[][] {{in.get(0).size(1)}};
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            kernels.linear().gradBias(in.get(0), out.get(0));
        }
    }
}
