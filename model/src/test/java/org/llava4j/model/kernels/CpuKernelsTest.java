package org.llava4j.model.kernels;

import static org.llava4j.model.kernels.ReferenceKernelCheck.in;
import static org.llava4j.model.kernels.ReferenceKernelCheck.ints;
import static org.llava4j.model.kernels.ReferenceKernelCheck.shape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.kernels.Kernels.Activation;
import org.llava4j.model.kernels.Kernels.AdamWStep;
import org.llava4j.model.kernels.Kernels.AttentionShape;
import org.llava4j.model.kernels.Kernels.LayerKvCache;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every CPU kernel against the portable ones in double, in plain Java and by vectors, on one and more threads. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class CpuKernelsTest {
    private static final double EPS = 1e-5;

    private final KernelThreadPool workers;
    private final ReferenceKernelCheck oracle;

    CpuKernelsTest(Variant variant) {
        workers = new KernelThreadPool(variant.threads());
        oracle = new ReferenceKernelCheck(new CpuKernels(new Nd4jKernels(), variant.lanes(), workers), 20230417);
    }

    record Variant(MathBackend lanes, int threads) {
        @Override
        public String toString() {
            return lanes.name() + ", " + threads + " threads";
        }
    }

    static Stream<Variant> variants() {
        Nd4j.getBackend(); // sets its own number of BLAS threads when it starts
        return Stream.of(
                new Variant(MathBackend.scalar(), 1),
                new Variant(MathBackend.scalar(), 2),
                new Variant(MathBackend.bestAvailable(), 1),
                new Variant(MathBackend.bestAvailable(), 2),
                new Variant(MathBackend.bestAvailable(), 3));
    }

    @AfterEach
    void stopWorkers() {
        workers.close();
    }

    /** R, K, N: single rows, few rows (matrix-vector products), odd sizes, and cuts along either side. */
    private static final List<int[]> PRODUCTS = List.of(
            new int[] {1, 7, 5},
            new int[] {1, 64, 1030},
            new int[] {3, 33, 17},
            new int[] {5, 64, 300},
            new int[] {130, 96, 257},
            new int[] {701, 72, 40},
            new int[] {300, 130, 520});

    @Test
    void linearAddsBiasAndResidualWhereTheyAreGiven() {
        for (int[] p : PRODUCTS) {
            INDArray x = oracle.normal(p[0], p[1]);
            INDArray w = oracle.normal(p[2], p[1]);
            for (int given = 0; given < 4; given++) {
                INDArray bias = (given & 1) == 0 ? null : oracle.normal(p[2]);
                INDArray residual = (given & 2) == 0 ? null : oracle.normal(p[0], p[2]);
                oracle.check(
                        "linear " + List.of(p[0], p[1], p[2]) + " " + given,
                        (k, a, out) -> k.linear(a[0], a[1], a[2], a[3], out[0]),
                        in(x, w, bias, residual),
                        shape(p[0], p[2]));
            }
        }
    }

    @Test
    void linearReadsAConvolutionKernelAsRows() {
        oracle.check(
                "patch embedding",
                (k, a, out) -> k.linear(a[0], a[1], null, null, out[0]),
                in(oracle.normal(9, 3 * 7 * 7), oracle.normal(20, 3, 7, 7)),
                shape(9, 20));
    }

    @Test
    void gradientsOfSeveralProjectionsComeAsOneSum() {
        for (int[] p : PRODUCTS) {
            oracle.check(
                    "gradient to the input of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linearGradInput(
                            new INDArray[] {a[0], a[1], a[2]}, new INDArray[] {a[3], a[4], a[5]}, out[0]),
                    in(
                            oracle.normal(p[0], p[2]),
                            oracle.normal(p[0], 11),
                            oracle.normal(p[0], p[2]),
                            oracle.normal(p[2], p[1]),
                            oracle.normal(11, p[1]),
                            oracle.normal(p[2], p[1])),
                    shape(p[0], p[1]));
        }
    }

    @Test
    void gradientsOfWeightAndBias() {
        for (int[] p : PRODUCTS) {
            INDArray dy = oracle.normal(p[0], p[2]);
            INDArray x = oracle.normal(p[0], p[1]);
            oracle.check(
                    "weight of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linearGradWeight(a[0], a[1], out[0]),
                    in(dy, x),
                    shape(p[2], p[1]));
            oracle.check(
                    "bias of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linearGradBias(a[0], out[0]),
                    in(dy),
                    shape(p[2]));
        }
        oracle.check(
                "convolution kernel",
                (k, a, out) -> k.linearGradWeight(a[0], a[1], out[0]),
                in(oracle.normal(40, 6), oracle.normal(40, 3 * 5 * 5)),
                shape(6, 3, 5, 5));
    }

    /** R, D. */
    private static final List<int[]> ROWS =
            List.of(new int[] {1, 8}, new int[] {3, 37}, new int[] {200, 96}, new int[] {517, 130});

    @Test
    void rmsNormAndItsGradients() {
        for (int[] p : ROWS) {
            long[] whole = shape(p[0], p[1]);
            INDArray x = oracle.normal(whole);
            INDArray w = oracle.normal(p[1]);
            INDArray dy = oracle.normal(whole);
            oracle.check("rms norm", (k, a, out) -> k.rmsNorm(a[0], a[1], EPS, out[0]), in(x, w), whole);
            oracle.check(
                    "rms norm, input",
                    (k, a, out) -> k.rmsNormGradInput(a[0], a[1], a[2], EPS, out[0]),
                    in(dy, x, w),
                    whole);
            oracle.check(
                    "rms norm, weight",
                    (k, a, out) -> k.rmsNormGradWeight(a[0], a[1], EPS, out[0]),
                    in(dy, x),
                    shape(p[1]));
        }
    }

    @Test
    void layerNormAndItsGradients() {
        for (int[] p : ROWS) {
            long[] whole = shape(p[0], p[1]);
            INDArray x = oracle.normal(whole).addi(1.5);
            INDArray w = oracle.normal(p[1]);
            INDArray dy = oracle.normal(whole);
            oracle.check(
                    "layer norm",
                    (k, a, out) -> k.layerNorm(a[0], a[1], a[2], EPS, out[0]),
                    in(x, w, oracle.normal(p[1])),
                    whole);
            oracle.check(
                    "layer norm, input",
                    (k, a, out) -> k.layerNormGradInput(a[0], a[1], a[2], EPS, out[0]),
                    in(dy, x, w),
                    whole);
            oracle.check(
                    "layer norm, parameters",
                    (k, a, out) -> k.layerNormGradParams(a[0], a[1], EPS, out[0], out[1]),
                    in(dy, x),
                    shape(p[1]),
                    shape(p[1]));
        }
    }

    @Test
    void ropeTurnsEveryHeadByItsRowsPosition() {
        for (int headDim : new int[] {2, 6, 64, 90}) {
            for (boolean inverse : new boolean[] {false, true}) {
                INDArray positions = oracle.anyBelow(2048, 70);
                oracle.check(
                        "rope " + headDim,
                        (k, a, out) -> k.rope(a[0], a[1], headDim, 10000, inverse ? 4 : 1, inverse, out[0]),
                        in(oracle.normal(70, 3L * headDim), positions),
                        shape(70, 3L * headDim));
            }
        }
    }

    /** B, T, H, G, d: one position, within a block, a block, more blocks with a rest; grouped heads. */
    private static final List<int[]> ATTENTIONS = List.of(
            new int[] {1, 1, 2, 2, 4},
            new int[] {2, 5, 3, 1, 6},
            new int[] {1, 96, 2, 2, 16},
            new int[] {1, 97, 4, 2, 10},
            new int[] {1, 301, 2, 1, 33});

    @Test
    void attentionAndItsGradientsCausalAndFull() {
        for (int[] p : ATTENTIONS) {
            attention(p, true, null);
            attention(p, false, null);
        }
    }

    @Test
    void attentionLeavesOutThePaddingAtTheLeft() {
        attention(new int[] {3, 7, 4, 2, 8}, true, ints(0, 3, 7));
        attention(new int[] {3, 7, 4, 2, 8}, false, ints(6, 0, 1));
        // A start inside the second block, whole blocks of padding, nothing but padding.
        attention(new int[] {4, 301, 2, 1, 12}, true, ints(97, 300, 301, 0));
        attention(new int[] {4, 301, 2, 1, 12}, false, ints(96, 260, 301, 17));
    }

    private void attention(int[] p, boolean causal, INDArray starts) {
        AttentionShape form = new AttentionShape(p[0], p[1], p[2], p[3], p[4], causal);
        long[] queries = shape((long) p[0] * p[1], (long) p[2] * p[4]);
        long[] keys = shape((long) p[0] * p[1], (long) p[3] * p[4]);
        INDArray q = oracle.normal(queries);
        INDArray k = oracle.normal(keys);
        INDArray v = oracle.normal(keys);
        oracle.check(
                form + " " + starts,
                (kernels, a, out) -> kernels.attention(a[0], a[1], a[2], starts, form, out[0]),
                in(q, k, v),
                queries);
        oracle.check(
                "gradients of " + form + " " + starts,
                (kernels, a, out) ->
                        kernels.attentionGrad(a[0], a[1], a[2], a[3], starts, form, out[0], out[1], out[2]),
                in(oracle.normal(queries), q, k, v),
                queries,
                keys,
                keys);
    }

    @Test
    void severalProjectionsOfOneInput() {
        for (int rows : new int[] {1, 4, 8, 9}) {
            oracle.check(
                    "projections of " + rows,
                    (k, a, out) -> k.linears(a[0], new INDArray[] {a[1], a[2], a[3]}, out),
                    in(oracle.normal(rows, 72), oracle.normal(300, 72), oracle.normal(5, 72), oracle.normal(701, 72)),
                    shape(rows, 300),
                    shape(rows, 5),
                    shape(rows, 701));
        }
    }

    @Test
    void aStepOfAttentionSeesWhatIsKeptAndItsOwnPosition() {
        // Heads, key/value heads, head width; positions that are kept of each sequence.
        attentionStep(4, 2, 8, 0);
        attentionStep(4, 4, 10, 5, 0, 300);
        attentionStep(2, 1, 33, 17, 96, 1);
    }

    private void attentionStep(int heads, int kvHeads, int headDim, int... lengths) {
        AttentionShape form = new AttentionShape(lengths.length, 1, heads, kvHeads, headDim, true);
        long width = (long) kvHeads * headDim;
        long[] queries = shape(lengths.length, (long) heads * headDim);
        INDArray[] in = new INDArray[3 + 2 * lengths.length];
        in[0] = oracle.normal(queries);
        in[1] = oracle.normal(lengths.length, width);
        in[2] = oracle.normal(lengths.length, width);
        for (int r = 0; r < lengths.length; r++) {
            in[3 + 2 * r] = oracle.normal(kvHeads, lengths[r] + 3, headDim);
            in[4 + 2 * r] = oracle.normal(kvHeads, lengths[r] + 3, headDim);
        }
        oracle.check(
                "a step after " + Arrays.toString(lengths),
                (kernels, a, out) -> {
                    List<LayerKvCache> caches = new ArrayList<>();
                    for (int r = 0; r < lengths.length; r++) {
                        caches.add(new LayerKvCache(a[3 + 2 * r], a[4 + 2 * r], lengths[r]));
                    }
                    kernels.decodeAttention(a[0], a[1], a[2], caches, form, out[0]);
                    // What is kept now are the new position, and one row more.
                    LayerKvCache first = caches.get(0);
                    kernels.appendToCache(
                            a[1], a[2], 0, 1, new LayerKvCache(first.keys(), first.values(), lengths[0] + 1));
                    out[1].assign(first.keys());
                    out[2].assign(first.values());
                },
                in,
                queries,
                in[3].shape(),
                in[4].shape());
    }

    @Test
    void activationsAndTheirGradientsSmallAndLarge() {
        for (int[] p : List.of(new int[] {1, 1}, new int[] {3, 37}, new int[] {70, 517})) {
            long[] whole = shape(p[0], p[1]);
            INDArray x = oracle.normal(whole).muli(4);
            INDArray up = oracle.normal(whole);
            INDArray dy = oracle.normal(whole);
            oracle.check("SwiGLU", (k, a, out) -> k.swiGlu(a[0], a[1], out[0]), in(x, up), whole);
            oracle.check(
                    "SwiGLU's gradients",
                    (k, a, out) -> k.swiGluGrad(a[0], a[1], a[2], out[0], out[1]),
                    in(dy, x, up),
                    whole,
                    whole);
            for (Activation f : Activation.values()) {
                oracle.check(f.name(), (k, a, out) -> k.activation(f, a[0], out[0]), in(x), whole);
                oracle.check(
                        f + "'s gradient", (k, a, out) -> k.activationGrad(f, a[0], a[1], out[0]), in(dy, x), whole);
            }
        }
    }

    @Test
    void adamWStepsInPlace() {
        AdamWStep step = new AdamWStep(3, 2e-3, 0.9, 0.999, 1e-8, 0.01, 0.37);
        long[] whole = shape(53, 71);
        oracle.check(
                "AdamW",
                (k, a, out) -> {
                    out[0].assign(a[0]);
                    out[1].assign(a[2]);
                    out[2].assign(a[3]);
                    k.adamW(out[0], a[1], out[1], out[2], step);
                },
                in(oracle.normal(whole), oracle.normal(whole), oracle.normal(whole), squared(oracle.normal(whole))),
                whole,
                whole,
                whole);
    }

    @Test
    void arraysAreCopiedAndAdded() {
        long[] whole = shape(53, 71);
        oracle.check("copy", (k, a, out) -> k.copy(a[0], out[0]), in(oracle.normal(whole)), whole);
        oracle.check(
                "add", (k, a, out) -> k.add(a[0], a[1], out[0]), in(oracle.normal(whole), oracle.normal(whole)), whole);
    }

    @Test
    void squaresAddUpOverAllTiles() {
        oracle.check(
                "sum of squares",
                (k, a, out) -> out[0].assign(k.sumOfSquares(a[0])),
                in(oracle.normal(77, 131)),
                shape(1, 1));
    }

    private static INDArray squared(INDArray x) {
        return x.mul(x);
    }

    @Test
    void rowsAreTakenAndAddedBackTwiceWhereTakenTwice() {
        INDArray ids = oracle.anyBelow(23, 90);
        INDArray table = oracle.normal(23, 301);
        INDArray dy = oracle.normal(90, 301);
        oracle.check("embedding", (k, a, out) -> k.embedding(ids, a[0], out[0]), in(table), shape(90, 301));
        oracle.check("embedding's", (k, a, out) -> k.embeddingGrad(a[0], ids, out[0]), in(dy), shape(23, 301));
        oracle.check("gather", (k, a, out) -> k.gatherRows(a[0], ids, out[0]), in(table), shape(90, 301));
        oracle.check("gather's", (k, a, out) -> k.gatherRowsGrad(a[0], ids, out[0]), in(dy), shape(23, 301));
    }

    @Test
    void imagesReplaceTheirRowsAndMinusOneGoesNowhere() {
        INDArray rows = ints(4, 5, -1, 0, 8, -1);
        INDArray text = oracle.normal(9, 37);
        INDArray dy = oracle.normal(9, 37);
        oracle.check(
                "splice",
                (k, a, out) -> k.replaceRows(a[0], a[1], rows, out[0]),
                in(text, oracle.normal(6, 37)),
                shape(9, 37));
        oracle.check("to text", (k, a, out) -> k.replaceRowsGradBase(a[0], rows, out[0]), in(dy), shape(9, 37));
        oracle.check(
                "to images", (k, a, out) -> k.replaceRowsGradReplacement(a[0], rows, out[0]), in(dy), shape(6, 37));
    }

    @Test
    void crossEntropyAndItsGradient() {
        for (int[] p : List.of(new int[] {1, 3}, new int[] {7, 325}, new int[] {40, 8001})) {
            INDArray logits = oracle.normal(p[0], p[1]).muli(5);
            INDArray targets = oracle.anyBelow(p[1], p[0]);
            oracle.check("loss", (k, a, out) -> k.crossEntropy(a[0], targets, out[0]), in(logits), shape(1));
            oracle.check(
                    "loss's gradient",
                    (k, a, out) -> k.crossEntropyGrad(a[0], a[1], targets, out[0]),
                    in(oracle.normal(1), logits),
                    shape(p[0], p[1]));
        }
    }

    @Test
    void patchesClassAndPositions() {
        // 31 pixels: what is left beside the last whole patch is not read.
        oracle.check(
                "patches",
                (k, a, out) -> k.extractPatches(a[0], 7, out[0]),
                in(oracle.normal(2, 3, 31, 31)),
                shape(32, 147));
        oracle.check(
                "class and positions",
                (k, a, out) -> k.classAndPositionEmbeddings(a[0], a[1], a[2], out[0]),
                in(oracle.normal(3 * 49, 33), oracle.normal(33), oracle.normal(50, 33)),
                shape(150, 33));
        oracle.check(
                "class's and positions'",
                (k, a, out) -> k.classAndPositionEmbeddingsGrad(a[0], out[0], out[1]),
                in(oracle.normal(150, 33)),
                shape(33),
                shape(50, 33));
        oracle.check(
                "drop first",
                (k, a, out) -> k.dropFirstRows(a[0], 50, out[0]),
                in(oracle.normal(150, 33)),
                shape(147, 33));
        oracle.check(
                "drop first's",
                (k, a, out) -> k.dropFirstRowsGrad(a[0], 50, out[0]),
                in(oracle.normal(147, 33)),
                shape(150, 33));
    }
}
