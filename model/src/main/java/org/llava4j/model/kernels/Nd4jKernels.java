package org.llava4j.model.kernels;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Reference kernels in plain ND4J calls. They run on every backend and in every floating-point type, and tests compare
 * the fast kernels with them.
 */
public final class Nd4jKernels implements Kernels {

    // ---- Linear

    @Override
    public void linear(INDArray x, INDArray w, @Nullable INDArray bias, @Nullable INDArray residual, INDArray y) {
        if (Nd4jLowPrecision.isLowPrecision(w)) {
            Nd4jLowPrecision.gemmTransposedB(x, matrix(w), y);
        } else {
            Nd4j.gemm(x, matrix(w), y, false, true, 1.0, 0.0);
        }
        if (bias != null) {
            y.addiRowVector(bias);
        }
        if (residual != null) {
            y.addi(residual);
        }
    }

    @Override
    public void linearGradInput(INDArray[] dys, INDArray[] ws, INDArray dx) {
        for (int i = 0; i < dys.length; i++) {
            double beta = i == 0 ? 0.0 : 1.0;
            if (Nd4jLowPrecision.isLowPrecision(ws[i])) {
                Nd4jLowPrecision.gemm(dys[i], matrix(ws[i]), beta, dx);
            } else {
                Nd4j.gemm(dys[i], matrix(ws[i]), dx, false, false, 1.0, beta);
            }
        }
    }

    @Override
    public void linearGradWeight(INDArray dy, INDArray x, INDArray dw) {
        Nd4j.gemm(dy, x, matrix(dw), true, false, 1.0, 0.0);
    }

    @Override
    public void linearGradBias(INDArray dy, INDArray db) {
        db.assign(dy.sum(0));
    }

    private static INDArray matrix(INDArray w) {
        return w.rank() == 2 ? w : w.reshape('c', w.size(0), w.length() / w.size(0));
    }

    // ---- Norms

    @Override
    public void rmsNorm(INDArray x, INDArray w, double eps, INDArray y) {
        y.assign(x.mulColumnVector(inverseRms(x, eps)).muliRowVector(w));
    }

    @Override
    public void rmsNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        // With n = x r and g = dy w: dx = r (g - n mean(g n)).
        INDArray r = inverseRms(x, eps);
        INDArray n = x.mulColumnVector(r);
        INDArray g = dy.mulRowVector(w);
        INDArray meanGn = column(g.mul(n).mean(1));
        dx.assign(g.subi(n.muliColumnVector(meanGn)).muliColumnVector(r));
    }

    @Override
    public void rmsNormGradWeight(INDArray dy, INDArray x, double eps, INDArray dw) {
        dw.assign(x.mulColumnVector(inverseRms(x, eps)).muli(dy).sum(0));
    }

    private static INDArray inverseRms(INDArray x, double eps) {
        return column(Transforms.sqrt(x.mul(x).mean(1).addi(eps)).rdivi(1.0));
    }

    @Override
    public void layerNorm(INDArray x, INDArray w, INDArray b, double eps, INDArray y) {
        y.assign(normalized(x, eps).muliRowVector(w).addiRowVector(b));
    }

    @Override
    public void layerNormGradInput(INDArray dy, INDArray x, INDArray w, double eps, INDArray dx) {
        // With n the normalized x and g = dy w: dx = (g - mean(g) - n mean(g n)) / sqrt(var + eps).
        INDArray n = normalized(x, eps);
        INDArray g = dy.mulRowVector(w);
        INDArray meanG = column(g.mean(1));
        INDArray meanGn = column(g.mul(n).mean(1));
        INDArray centered = g.subiColumnVector(meanG).subi(n.muliColumnVector(meanGn));
        dx.assign(centered.muliColumnVector(inverseDeviation(x, eps)));
    }

    @Override
    public void layerNormGradParams(INDArray dy, INDArray x, double eps, INDArray dw, INDArray db) {
        dw.assign(normalized(x, eps).muli(dy).sum(0));
        db.assign(dy.sum(0));
    }

    private static INDArray normalized(INDArray x, double eps) {
        return x.subColumnVector(column(x.mean(1))).muliColumnVector(inverseDeviation(x, eps));
    }

    private static INDArray inverseDeviation(INDArray x, double eps) {
        INDArray centered = x.subColumnVector(column(x.mean(1)));
        return column(Transforms.sqrt(centered.muli(centered).mean(1).addi(eps)).rdivi(1.0));
    }

    static INDArray column(INDArray vector) {
        return vector.reshape(vector.length(), 1);
    }

    // ---- Rotary position embedding

    @Override
    public void rope(
            INDArray x, INDArray positions, int headDim, double theta, double scale, boolean inverse, INDArray y) {
        int half = headDim / 2;
        INDArray angles = Nd4j.create(x.dataType(), x.size(0), half);
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(theta, -2.0 * i / headDim) / scale * (inverse ? -1 : 1);
            angles.putColumn(i, positions.castTo(x.dataType()).mul(frequency));
        }
        INDArray cos = Transforms.cos(angles);
        INDArray sin = Transforms.sin(angles);
        for (long h = 0; h < x.size(1); h += headDim) {
            INDArray first = columns(x, h, half);
            INDArray second = columns(x, h + half, half);
            columns(y, h, half).assign(first.mul(cos).subi(second.mul(sin)));
            columns(y, h + half, half).assign(second.mul(cos).addi(first.mul(sin)));
        }
    }

    private static INDArray columns(INDArray x, long from, long count) {
        return x.get(all(), interval(from, from + count));
    }

    // ---- Attention

    @Override
    public void attention(
            INDArray q, INDArray k, INDArray v, @Nullable INDArray starts, AttentionShape shape, INDArray y) {
        Nd4jAttention.attention(q, k, v, starts, shape, y);
    }

    @Override
    public void attentionGrad(
            INDArray dy,
            INDArray q,
            INDArray k,
            INDArray v,
            @Nullable INDArray starts,
            AttentionShape shape,
            INDArray dq,
            INDArray dk,
            INDArray dv) {
        Nd4jAttention.attentionGrad(dy, q, k, v, starts, shape, dq, dk, dv);
    }

    @Override
    public void appendToCache(INDArray k, INDArray v, int from, int count, LayerKvCache cache) {
        Nd4jAttention.appendToCache(k, v, from, count, cache);
    }

    @Override
    public void decodeAttention(
            INDArray q, INDArray k, INDArray v, List<LayerKvCache> caches, AttentionShape shape, INDArray y) {
        Nd4jAttention.decodeAttention(q, k, v, caches, shape, y);
    }

    // ---- Element-wise

    @Override
    public void swiGlu(INDArray gate, INDArray up, INDArray y) {
        y.assign(Transforms.sigmoid(gate, true).muli(gate).muli(up));
    }

    @Override
    public void swiGluGrad(INDArray dy, INDArray gate, INDArray up, INDArray dGate, INDArray dUp) {
        INDArray s = Transforms.sigmoid(gate, true);
        dUp.assign(s.mul(gate).muli(dy));
        // silu'(g) = s (1 + g (1 - s))
        dGate.assign(s.rsub(1.0).muli(gate).addi(1.0).muli(s).muli(up).muli(dy));
    }

    private static final double QUICK_GELU_FACTOR = 1.702;

    @Override
    public void activation(Activation f, INDArray x, INDArray y) {
        switch (f) {
            case QUICK_GELU ->
                y.assign(Transforms.sigmoid(x.mul(QUICK_GELU_FACTOR), false).muli(x));
            case GELU -> y.assign(normalCdf(x).muli(x));
        }
    }

    @Override
    public void activationGrad(Activation f, INDArray dy, INDArray x, INDArray dx) {
        switch (f) {
            case QUICK_GELU -> {
                INDArray s = Transforms.sigmoid(x.mul(QUICK_GELU_FACTOR), false);
                dx.assign(s.rsub(1.0)
                        .muli(x)
                        .muli(QUICK_GELU_FACTOR)
                        .addi(1.0)
                        .muli(s)
                        .muli(dy));
            }
            case GELU -> {
                INDArray density = Transforms.exp(x.mul(x).muli(-0.5), false).muli(1 / Math.sqrt(2 * Math.PI));
                dx.assign(density.muli(x).addi(normalCdf(x)).muli(dy));
            }
        }
    }

    private static INDArray normalCdf(INDArray x) {
        INDArray scaled = x.mul(Math.sqrt(0.5));
        return Nd4j.getExecutioner().exec(new Erf(scaled, scaled)).addi(1.0).muli(0.5);
    }

    // ---- Rows

    @Override
    public void embedding(INDArray ids, INDArray table, INDArray y) {
        if (HalfMatrix.isHalfPrecision(table)) {
            Nd4jLowPrecision.gather(table, ints(ids), y);
        } else {
            gatherRows(table, ids, y);
        }
    }

    @Override
    public void embeddingGrad(INDArray dy, INDArray ids, INDArray dTable) {
        gatherRowsGrad(dy, ids, dTable);
    }

    @Override
    public void replaceRows(INDArray base, INDArray replacement, INDArray rows, INDArray y) {
        y.assign(base);
        int[] to = ints(rows);
        for (int i = 0; i < to.length; i++) {
            if (to[i] >= 0) {
                y.putRow(to[i], replacement.getRow(i));
            }
        }
    }

    @Override
    public void replaceRowsGradBase(INDArray dy, INDArray rows, INDArray dBase) {
        dBase.assign(dy);
        for (int row : ints(rows)) {
            if (row >= 0) {
                dBase.getRow(row).assign(0);
            }
        }
    }

    @Override
    public void replaceRowsGradReplacement(INDArray dy, INDArray rows, INDArray dReplacement) {
        dReplacement.assign(0);
        int[] from = ints(rows);
        for (int i = 0; i < from.length; i++) {
            if (from[i] >= 0) {
                dReplacement.putRow(i, dy.getRow(from[i]));
            }
        }
    }

    @Override
    public void gatherRows(INDArray x, INDArray rows, INDArray y) {
        int[] from = ints(rows);
        for (int i = 0; i < from.length; i++) {
            y.putRow(i, x.getRow(from[i]));
        }
    }

    @Override
    public void gatherRowsGrad(INDArray dy, INDArray rows, INDArray dx) {
        dx.assign(0);
        int[] to = ints(rows);
        for (int i = 0; i < to.length; i++) {
            dx.getRow(to[i]).addi(dy.getRow(i));
        }
    }

    private static int[] ints(INDArray rows) {
        return rows.reshape(rows.length()).toIntVector();
    }

    // ---- Loss

    @Override
    public void crossEntropy(INDArray logits, INDArray targets, INDArray loss) {
        INDArray max = logits.max(1);
        INDArray shifted = logits.subColumnVector(column(max));
        INDArray logSum = Transforms.log(Transforms.exp(shifted, true).sum(1));
        double total = logSum.castTo(DataType.DOUBLE).sumNumber().doubleValue();
        for (int m = 0; m < targets.length(); m++) {
            total -= shifted.getDouble(m, targets.getInt(m));
        }
        loss.assign(total / targets.length());
    }

    @Override
    public void crossEntropyGrad(INDArray dLoss, INDArray logits, INDArray targets, INDArray dLogits) {
        INDArray p = logits.subColumnVector(column(logits.max(1)));
        Transforms.exp(p, false);
        p.diviColumnVector(column(p.sum(1)));
        for (int m = 0; m < targets.length(); m++) {
            int target = targets.getInt(m);
            p.putScalar(m, target, p.getDouble(m, target) - 1);
        }
        dLogits.assign(p.muli(dLoss.getDouble(0) / targets.length()));
    }

    // ---- Vision

    @Override
    public void extractPatches(INDArray pixels, int patchSize, INDArray y) {
        long n = pixels.size(0);
        long c = pixels.size(1);
        long down = pixels.size(2) / patchSize;
        long across = pixels.size(3) / patchSize;
        INDArray whole = pixels.get(all(), all(), interval(0, down * patchSize), interval(0, across * patchSize));
        INDArray cut = whole.dup('c')
                .reshape('c', n, c, down, patchSize, across, patchSize)
                .permute(0, 2, 4, 1, 3, 5);
        y.reshape('c', n, down, across, c, patchSize, patchSize).assign(cut);
    }

    @Override
    public void classAndPositionEmbeddings(INDArray patches, INDArray classEmbedding, INDArray positions, INDArray y) {
        long group = positions.size(0);
        long width = positions.size(1);
        long images = y.size(0) / group;
        INDArray grouped = y.reshape('c', images, group, width);
        INDArray cut = patches.reshape('c', images, group - 1, width);
        for (long i = 0; i < images; i++) {
            INDArray image = grouped.get(NDArrayIndex.point(i), all(), all());
            image.assign(positions);
            image.getRow(0).addi(classEmbedding);
            image.get(interval(1, group), all()).addi(cut.get(NDArrayIndex.point(i), all(), all()));
        }
    }

    @Override
    public void classAndPositionEmbeddingsGrad(INDArray dy, INDArray dClass, INDArray dPositions) {
        long group = dPositions.size(0);
        long width = dPositions.size(1);
        dPositions.assign(dy.reshape('c', dy.size(0) / group, group, width).sum(0));
        dClass.assign(dPositions.getRow(0));
    }

    @Override
    public void dropFirstRows(INDArray x, int group, INDArray y) {
        long width = x.size(1);
        long images = x.size(0) / group;
        y.reshape('c', images, group - 1, width)
                .assign(x.reshape('c', images, group, width).get(all(), interval(1, group), all()));
    }

    @Override
    public void dropFirstRowsGrad(INDArray dy, int group, INDArray dx) {
        long width = dy.size(1);
        long images = dx.size(0) / group;
        dx.assign(0);
        dx.reshape('c', images, group, width)
                .get(all(), interval(1, group), all())
                .assign(dy.reshape('c', images, group - 1, width));
    }

    // ---- Optimizer

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

    @Override
    public double sumOfSquares(INDArray x) {
        double norm = x.norm2Number().doubleValue();
        return norm * norm;
    }

    @Override
    public void adamW(INDArray w, INDArray g, INDArray m, INDArray v, AdamWStep step) {
        INDArray scaled = g.mul(step.gradScale());
        double correction1 = 1 - Math.pow(step.beta1(), step.step());
        double correction2 = Math.sqrt(1 - Math.pow(step.beta2(), step.step()));
        if (step.weightDecay() != 0) {
            w.muli(1 - step.rate() * step.weightDecay());
        }
        m.addi(scaled.sub(m).muli(1 - step.beta1()));
        v.muli(step.beta2()).addi(scaled.muli(scaled).muli(1 - step.beta2()));
        INDArray denominator = Transforms.sqrt(v, true).divi(correction2).addi(step.eps());
        w.subi(m.div(denominator).muli(step.rate() / correction1));
    }

    @Override
    public String toString() {
        return "ND4J kernels";
    }
}
