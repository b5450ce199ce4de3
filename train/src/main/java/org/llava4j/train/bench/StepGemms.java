package org.llava4j.train.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.kernels.AttentionKernels;
import org.llava4j.model.kernels.AttentionShape;
import org.llava4j.model.kernels.GemmBaseline.Layout;
import org.llava4j.model.kernels.GemmBaseline.Product;
import org.llava4j.model.kernels.LinearKernels;
import org.llava4j.model.kernels.MetaKernels;
import org.llava4j.model.memory.MetaMemory;
import org.llava4j.model.samediff.GraphTrace;
import org.llava4j.train.plan.PlannedRun;
import org.llava4j.train.plan.StepTrace;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The matrix products of a training step or a prefill, recorded as the model's own graph runs on meta arrays, without
 * gradient checkpointing. Attention counts the products of each head, causal ones up to the diagonal in blocks of rows, and
 * assumes in the backward pass that the probabilities are stored.
 */
final class StepGemms implements LinearKernels, AttentionKernels {
    /** Rows of a causal block: entries above the diagonal within a block are computed, those beyond it are not. */
    private static final int BLOCK = 96;
    /** Node of the logits of the positions that {@link Llava#TARGET_ROWS} selects. */
    private static final String LOGITS = "target_logits";

    private final List<Product> products = new ArrayList<>();

    private final boolean joinsProjections;

    /** @param joinsProjections whether projections of one input (q, k, v; gate, up) count as one product */
    private StepGemms(boolean joinsProjections) {
        this.joinsProjections = joinsProjections;
    }

    static List<Product> of(PlannedRun run) {
        StepGemms gemms = new StepGemms(false);
        StepTrace.of(run.withGradientCheckpointing(false), MetaKernels.observedBy(gemms, gemms));
        return gemms.products;
    }

    /** The products of the prefill of a prompt by a decoder, with the logits of its last token. */
    static List<Product> ofPrefill(LlamaConfig decoder, int tokens) {
        StepGemms gemms = new StepGemms(true);
        Llava model = Llava.buildLlama(decoder, (name, shape) -> MetaMemory.array(DataType.FLOAT, shape));
        Map<String, INDArray> prompt = Map.of(
                Llava.INPUT_IDS, MetaMemory.array(DataType.INT32, 1, tokens),
                Llava.POSITIONS, MetaMemory.array(DataType.INT32, tokens),
                Llava.ROW_STARTS, MetaMemory.array(DataType.INT32, 1),
                Llava.TARGET_ROWS, MetaMemory.array(DataType.INT32, 1));
        GraphTrace.of(model.graph(), List.of(LOGITS), prompt, MetaKernels.observedBy(gemms, gemms));
        return gemms.products;
    }

    /** y[R, N] = x[R, K] w[N, K]^T. */
    @Override
    public void forward(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y) {
        long outputs = w.size(0);
        add(Layout.A_BT, x.size(0), outputs, w.length() / outputs);
    }

    /** ys[i][R, Ni] = x[R, K] ws[i][Ni, K]^T. */
    @Override
    public void forwardEach(INDArray x, INDArray[] ws, INDArray[] ys) {
        if (!joinsProjections) {
            LinearKernels.super.forwardEach(x, ws, ys);
            return;
        }
        long outputs = Arrays.stream(ws).mapToLong(w -> w.size(0)).sum();
        add(Layout.A_BT, x.size(0), outputs, ws[0].length() / ws[0].size(0));
    }

    /** dx[R, K] = the sum of dy[R, N] w[N, K]. */
    @Override
    public void gradInput(INDArray[] dys, INDArray[] ws, INDArray dx) {
        for (INDArray dy : dys) {
            add(Layout.A_B, dx.size(0), dx.size(1), dy.size(1));
        }
    }

    /** dw[N, K] = dy[R, N]^T x[R, K]. */
    @Override
    public void gradWeight(INDArray dy, INDArray x, INDArray dw) {
        add(Layout.AT_B, dy.size(1), x.size(1), dy.size(0));
    }

    /** Not a matrix product. */
    @Override
    public void gradBias(INDArray dy, INDArray db) {}

    @Override
    public void forward(QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        attention(shape, false);
    }

    @Override
    public void gradient(
            INDArray dy, QueryKeyValue in, @Nullable INDArray starts, AttentionShape shape, QueryKeyValue gradients) {
        attention(shape, true);
    }

    private void attention(AttentionShape shape, boolean backward) {
        int block = shape.causal() ? BLOCK : shape.length();
        for (int row = 0; row < shape.length(); row += block) {
            int rows = Math.min(block, shape.length() - row);
            int keys = row + rows;
            if (backward) {
                heads(Layout.AT_B, keys, shape.headDim(), rows, shape);
                heads(Layout.A_BT, rows, keys, shape.headDim(), shape);
                heads(Layout.A_B, rows, shape.headDim(), keys, shape);
                heads(Layout.AT_B, keys, shape.headDim(), rows, shape);
            } else {
                heads(Layout.A_BT, rows, keys, shape.headDim(), shape);
                heads(Layout.A_B, rows, shape.headDim(), keys, shape);
            }
        }
    }

    private void add(Layout layout, long m, long n, long k) {
        products.add(new Product(layout, Math.toIntExact(m), Math.toIntExact(n), Math.toIntExact(k), 1, false));
    }

    private void heads(Layout layout, int m, int n, int k, AttentionShape shape) {
        products.add(new Product(layout, m, n, k, shape.sequences() * shape.heads(), true));
    }
}
