package org.llava4j.model.ops;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.kernels.AttentionKernels.QueryKeyValue;
import org.llava4j.model.kernels.AttentionShape;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.samediff.GraphOp;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Multi-head attention {@code softmax(q k^T / sqrt(d)) v} on rows: {@code q, y: [B*T, H*d]}, {@code k, v: [B*T, G*d]}.
 * The decoder uses it with a causal mask over sequences of any common length, with left padding given by {@code starts
 * int32[B]}, or over the samples of a packed batch, given by {@code starts int32[S, 2]}. The vision tower uses it without a mask over groups of a fixed number of rows.
 */
public final class Attention extends GraphOp {

    /**
     * Causal attention: each position attends to itself and to the earlier positions of its sequence, from the
     * sequence's start on.
     *
     * @param starts {@code int32[B]}: the first position of each sequence; of a packed batch {@code int32[S, 2]}: the first
     *     row of each sequence and the row after its last
     */
    public static SDVariable causal(
            String name,
            SDVariable q,
            SDVariable k,
            SDVariable v,
            SDVariable starts,
            int heads,
            int kvHeads,
            int headDim) {
        return new Attention().ints(0, heads, kvHeads, headDim).apply(name, q, k, v, starts)[0];
    }

    /** Full attention: every position attends to all {@code length} rows of its group. */
    public static SDVariable full(
            String name, SDVariable q, SDVariable k, SDVariable v, int length, int heads, int headDim) {
        return new Attention().ints(length, heads, heads, headDim).apply(name, q, k, v)[0];
    }

    /** Keys {@code float32[B*T, G*d]}. */
    public SDVariable keys() {
        return arg(1);
    }

    /** Values {@code float32[B*T, G*d]}. */
    public SDVariable values() {
        return arg(2);
    }

    /** Shape of causal attention of this operation's heads. */
    public AttentionShape causalShape(int sequences, int length) {
        return new AttentionShape(sequences, length, intArg(1), intArg(2), intArg(3), true);
    }

    private static AttentionShape shapeOf(GraphOp op, INDArray q, @Nullable INDArray starts, int[] ints) {
        int rows = Math.toIntExact(q.size(0));
        boolean causal = starts != null;
        if (starts != null && starts.rank() != 1) {
            if (starts.rank() != 2 || starts.size(1) != 2) {
                throw new BadInputException(op.getOwnName() + ": the segments of a packed batch are [S, 2], but are "
                        + Arrays.toString(starts.shape()));
            }
            return new AttentionShape(1, rows, ints[1], ints[2], ints[3], true);
        }
        int sequences = starts != null ? Math.toIntExact(starts.length()) : rows / ints[0];
        if (rows % sequences != 0) {
            throw new IllegalStateException(
                    op.getOwnName() + ": " + rows + " rows do not divide into " + sequences + " sequences");
        }
        return new AttentionShape(sequences, rows / sequences, ints[1], ints[2], ints[3], causal);
    }

    private int[] ints() {
        return new int[] {intArg(0), intArg(1), intArg(2), intArg(3)};
    }

    @Override
    protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
        INDArray starts = in.size() > 3 ? in.get(3) : null;
        AttentionShape shape = shapeOf(this, in.get(0), starts, ints());
        kernels.attention().forward(new QueryKeyValue(in.get(0), in.get(1), in.get(2)), starts, shape, out.get(0));
    }

    @Override
    protected List<SDVariable> gradients(List<SDVariable> dys) {
        SDVariable dy = dys.get(0);
        boolean causal = intArg(0) == 0;
        SDVariable[] args = causal
                ? new SDVariable[] {dy, arg(0), arg(1), arg(2), arg(3)}
                : new SDVariable[] {dy, arg(0), arg(1), arg(2)};
        return listOf(new Grad().argumentsOf(this).apply(args));
    }

    /** Gradient: dq, dk and dv from (dy, q, k, v, starts). */
    public static final class Grad extends InputGradient {
        @Override
        protected int outputCount() {
            return 3;
        }

        @Override
        protected void compute(Kernels kernels, List<INDArray> in, List<INDArray> out) {
            INDArray starts = in.size() > 4 ? in.get(4) : null;
            int[] ints = {intArg(0), intArg(1), intArg(2), intArg(3)};
            AttentionShape shape = shapeOf(this, in.get(1), starts, ints);
            kernels.attention()
                    .gradient(
                            in.get(0),
                            new QueryKeyValue(in.get(1), in.get(2), in.get(3)),
                            starts,
                            shape,
                            new QueryKeyValue(out.get(0), out.get(1), out.get(2)));
        }
    }
}
