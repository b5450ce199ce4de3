package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.llava4j.model.kernels.ReferenceKernelCheck.in;
import static org.llava4j.model.kernels.ReferenceKernelCheck.ints;
import static org.llava4j.model.kernels.ReferenceKernelCheck.shape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.kernels.AttentionKernels.QueryKeyValue;
import org.llava4j.model.kernels.DecodeAttentionKernels.LayerKvCache;
import org.llava4j.model.kernels.OptimizerKernels.AdamWStep;
import org.llava4j.model.kernels.RopeKernels.Rotation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares every CPU kernel with the reference kernels in double: scalar and vector, on one and several threads. */
@ParameterizedClass(name = "{0}")
@MethodSource("variants")
class CpuKernelsTest {
    private static final double EPS = 1e-5;

    private final KernelThreadPool pool;
    private final ReferenceKernelCheck check;

    CpuKernelsTest(Variant variant) {
        pool = new KernelThreadPool(variant.threads());
        check = new ReferenceKernelCheck(CpuKernels.create(Nd4jKernels.create(), variant.math(), pool), 20230417);
    }

    record Variant(MathBackend math, int threads) {
        @Override
        public String toString() {
            return math.name() + ", " + threads + " threads";
        }
    }

    static Stream<Variant> variants() {
        Nd4j.getBackend(); // sets its own number of BLAS threads when it starts
        HeadAttention blas = new BlasHeadAttention(new VectorRowMath());
        HeadAttention tiled = new TiledHeadAttention(new VectorTileMath());
        return Stream.of(
                new Variant(MathBackend.scalar(), 1),
                new Variant(MathBackend.scalar(), 2),
                new Variant(vector(blas), 1),
                new Variant(vector(blas), 3),
                new Variant(vector(tiled), 1),
                new Variant(vector(tiled), 2),
                new Variant(vector(tiled), 3));
    }

    /** The Vector API with either attention, whichever of them is the faster on this CPU. */
    private static MathBackend vector(HeadAttention attention) {
        MathBackend best = MathBackend.bestAvailable();
        return new MathBackend(
                best.name() + ", " + attention.getClass().getSimpleName(),
                best.rows(),
                best.activations(),
                best.halves(),
                best.quantized(),
                best.blocks(),
                attention);
    }

    @AfterEach
    void closePool() {
        pool.close();
    }

    /** R, K, N: single rows, small batches (matrix-vector products), odd sizes, and splits along either side. */
    private static final List<int[]> PRODUCTS = List.of(
            new int[] {1, 7, 5},
            new int[] {1, 64, 1030},
            new int[] {3, 33, 17},
            new int[] {5, 64, 300},
            new int[] {130, 96, 257},
            new int[] {701, 72, 40},
            new int[] {300, 130, 520});

    @Test
    void linearAddsOptionalBiasAndResidual() {
        for (int[] p : PRODUCTS) {
            INDArray x = check.normal(p[0], p[1]);
            INDArray w = check.normal(p[2], p[1]);
            for (int given = 0; given < 4; given++) {
                INDArray bias = (given & 1) == 0 ? null : check.normal(p[2]);
                INDArray residual = (given & 2) == 0 ? null : check.normal(p[0], p[2]);
                check.run(
                        "linear " + List.of(p[0], p[1], p[2]) + " " + given,
                        (k, a, out) -> k.linear().forward(a[0], a[1], a[2], a[3], out[0]),
                        in(x, w, bias, residual),
                        shape(p[0], p[2]));
            }
        }
    }

    @Test
    void linearReadsConvolutionKernelAsRows() {
        check.run(
                "patch embedding",
                (k, a, out) -> k.linear().forward(a[0], a[1], null, null, out[0]),
                in(check.normal(9, 3 * 7 * 7), check.normal(20, 3, 7, 7)),
                shape(9, 20));
    }

    @Test
    void linearGradInputSumsProjections() {
        for (int[] p : PRODUCTS) {
            check.run(
                    "gradient to the input of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linear()
                            .gradInput(new INDArray[] {a[0], a[1], a[2]}, new INDArray[] {a[3], a[4], a[5]}, out[0]),
                    in(
                            check.normal(p[0], p[2]),
                            check.normal(p[0], 11),
                            check.normal(p[0], p[2]),
                            check.normal(p[2], p[1]),
                            check.normal(11, p[1]),
                            check.normal(p[2], p[1])),
                    shape(p[0], p[1]));
        }
    }

    @Test
    void linearGradWeightAndBiasMatchReference() {
        for (int[] p : PRODUCTS) {
            INDArray dy = check.normal(p[0], p[2]);
            INDArray x = check.normal(p[0], p[1]);
            check.run(
                    "weight of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linear().gradWeight(a[0], a[1], out[0]),
                    in(dy, x),
                    shape(p[2], p[1]));
            check.run(
                    "bias of " + List.of(p[0], p[1], p[2]),
                    (k, a, out) -> k.linear().gradBias(a[0], out[0]),
                    in(dy),
                    shape(p[2]));
        }
        check.run(
                "convolution kernel",
                (k, a, out) -> k.linear().gradWeight(a[0], a[1], out[0]),
                in(check.normal(40, 6), check.normal(40, 3 * 5 * 5)),
                shape(6, 3, 5, 5));
    }

    /** R, D. */
    private static final List<int[]> ROWS =
            List.of(new int[] {1, 8}, new int[] {3, 37}, new int[] {200, 96}, new int[] {517, 130});

    @Test
    void rmsNormAndGradientsMatchReference() {
        for (int[] p : ROWS) {
            long[] dims = shape(p[0], p[1]);
            INDArray x = check.normal(dims);
            INDArray w = check.normal(p[1]);
            INDArray dy = check.normal(dims);
            check.run("rms norm", (k, a, out) -> k.norms().rmsNorm(a[0], a[1], EPS, out[0]), in(x, w), dims);
            check.run(
                    "rms norm, input",
                    (k, a, out) -> k.norms().rmsNormGradInput(a[0], a[1], a[2], EPS, out[0]),
                    in(dy, x, w),
                    dims);
            check.run(
                    "rms norm, weight",
                    (k, a, out) -> k.norms().rmsNormGradWeight(a[0], a[1], EPS, out[0]),
                    in(dy, x),
                    shape(p[1]));
        }
    }

    @Test
    void layerNormAndGradientsMatchReference() {
        for (int[] p : ROWS) {
            long[] dims = shape(p[0], p[1]);
            INDArray x = check.normal(dims).addi(1.5);
            INDArray w = check.normal(p[1]);
            INDArray dy = check.normal(dims);
            check.run(
                    "layer norm",
                    (k, a, out) -> k.norms().layerNorm(a[0], a[1], a[2], EPS, out[0]),
                    in(x, w, check.normal(p[1])),
                    dims);
            check.run(
                    "layer norm, input",
                    (k, a, out) -> k.norms().layerNormGradInput(a[0], a[1], a[2], EPS, out[0]),
                    in(dy, x, w),
                    dims);
            check.run(
                    "layer norm, parameters",
                    (k, a, out) -> k.norms().layerNormGradParams(a[0], a[1], EPS, out[0], out[1]),
                    in(dy, x),
                    shape(p[1]),
                    shape(p[1]));
        }
    }

    /** Dimension 2i of a pair is dimension i of the halves, and 2i + 1 is i + d/2. */
    @Test
    void ropeOfPairsEqualsRopeOfHalves() {
        int d = 6;
        INDArray halves = check.normal(5, 2L * d);
        INDArray pairs = halves.dup('c');
        for (int column = 0; column < 2 * d; column++) {
            int inHead = column % d;
            int from = column - inHead + inHead / 2 + inHead % 2 * (d / 2);
            pairs.putColumn(column, halves.getColumn(from));
        }
        INDArray positions = check.anyBelow(100, 5);
        INDArray expected = Nd4j.create(DataType.FLOAT, 5, 2 * d);
        INDArray actual = expected.dup();
        RopeKernels rope = Nd4jKernels.create().rope();
        rope.rotate(halves, positions, new Rotation(d, RotaryOrder.HALVES, 10000, 1, false), expected);
        rope.rotate(pairs, positions, new Rotation(d, RotaryOrder.PAIRS, 10000, 1, false), actual);
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void ropeRotatesEveryHeadByPosition() {
        for (int headDim : new int[] {2, 6, 64, 90}) {
            for (boolean inverse : new boolean[] {false, true}) {
                for (RotaryOrder order : RotaryOrder.values()) {
                    INDArray positions = check.anyBelow(2048, 70);
                    check.run(
                            "rope " + headDim + " " + order,
                            (k, a, out) -> k.rope()
                                    .rotate(
                                            a[0],
                                            a[1],
                                            new Rotation(headDim, order, 10000, inverse ? 4 : 1, inverse),
                                            out[0]),
                            in(check.normal(70, 3L * headDim), positions),
                            shape(70, 3L * headDim));
                }
            }
        }
    }

    /** B, T, H, G, d: one position, less than a block, one block, several blocks with a remainder; grouped heads. */
    private static final List<int[]> ATTENTIONS = List.of(
            new int[] {1, 1, 2, 2, 4},
            new int[] {2, 5, 3, 1, 6},
            new int[] {1, 96, 2, 2, 16},
            new int[] {1, 97, 4, 2, 10},
            new int[] {1, 301, 2, 1, 33});

    @Test
    void attentionAndGradientsMatchReference() {
        for (int[] p : ATTENTIONS) {
            attention(p, true, null);
            attention(p, false, null);
        }
    }

    @Test
    void attentionMasksLeftPadding() {
        attention(new int[] {3, 7, 4, 2, 8}, true, ints(0, 3, 7));
        attention(new int[] {3, 7, 4, 2, 8}, false, ints(6, 0, 1));
        // A start inside the second block, whole blocks of padding, only padding.
        attention(new int[] {4, 301, 2, 1, 12}, true, ints(97, 300, 301, 0));
        attention(new int[] {4, 301, 2, 1, 12}, false, ints(96, 260, 301, 17));
    }

    @Test
    void attentionKeepsPackedSequencesApart() {
        // Rows, heads, key/value heads, head width; padding before, between and after; an empty sequence.
        attention(new int[] {1, 40, 4, 2, 8}, true, segments(0, 7, 7, 8, 8, 33, 33, 40));
        attention(new int[] {1, 40, 4, 2, 8}, true, segments(2, 9, 11, 11, 12, 30));
        // Sequences of several blocks.
        attention(new int[] {1, 430, 2, 1, 12}, true, segments(0, 97, 97, 390, 391, 420));
    }

    private static INDArray segments(int... fromTo) {
        return Nd4j.createFromArray(fromTo).reshape(fromTo.length / 2, 2);
    }

    private void attention(int[] p, boolean causal, INDArray starts) {
        AttentionShape shape = new AttentionShape(p[0], p[1], p[2], p[3], p[4], causal);
        long[] queries = shape((long) p[0] * p[1], (long) p[2] * p[4]);
        long[] keys = shape((long) p[0] * p[1], (long) p[3] * p[4]);
        INDArray q = check.normal(queries);
        INDArray k = check.normal(keys);
        INDArray v = check.normal(keys);
        check.run(
                shape + " " + starts,
                (kernels, a, out) ->
                        kernels.attention().forward(new QueryKeyValue(a[0], a[1], a[2]), starts, shape, out[0]),
                in(q, k, v),
                queries);
        check.run(
                "gradients of " + shape + " " + starts,
                (kernels, a, out) -> kernels.attention()
                        .gradient(
                                a[0],
                                new QueryKeyValue(a[1], a[2], a[3]),
                                starts,
                                shape,
                                new QueryKeyValue(out[0], out[1], out[2])),
                in(check.normal(queries), q, k, v),
                queries,
                keys,
                keys);
    }

    @Test
    void linearsComputeSeveralProjections() {
        for (int rows : new int[] {1, 4, 8, 9}) {
            check.run(
                    "projections of " + rows,
                    (k, a, out) -> k.linear().forwardEach(a[0], new INDArray[] {a[1], a[2], a[3]}, out),
                    in(check.normal(rows, 72), check.normal(300, 72), check.normal(5, 72), check.normal(701, 72)),
                    shape(rows, 300),
                    shape(rows, 5),
                    shape(rows, 701));
        }
    }

    @Test
    void decodeAttentionReadsCacheAndOwnPosition() {
        // Heads, key/value heads, head width; cached positions of each sequence.
        decodeAttention(4, 2, 8, 0);
        decodeAttention(4, 4, 10, 5, 0, 300);
        decodeAttention(2, 1, 33, 17, 96, 1);
    }

    private void decodeAttention(int heads, int kvHeads, int headDim, int... lengths) {
        AttentionShape shape = new AttentionShape(lengths.length, 1, heads, kvHeads, headDim, true);
        long width = (long) kvHeads * headDim;
        long[] queries = shape(lengths.length, (long) heads * headDim);
        INDArray[] in = new INDArray[3 + 2 * lengths.length];
        in[0] = check.normal(queries);
        in[1] = check.normal(lengths.length, width);
        in[2] = check.normal(lengths.length, width);
        for (int r = 0; r < lengths.length; r++) {
            in[3 + 2 * r] = check.normal(kvHeads, lengths[r] + 3, headDim);
            in[4 + 2 * r] = check.normal(kvHeads, lengths[r] + 3, headDim);
        }
        check.run(
                "decode step after " + Arrays.toString(lengths),
                (kernels, a, out) -> {
                    List<LayerKvCache> caches = new ArrayList<>();
                    for (int r = 0; r < lengths.length; r++) {
                        caches.add(new LayerKvCache(a[3 + 2 * r], a[4 + 2 * r], lengths[r]));
                    }
                    kernels.decodeAttention().decode(a[0], a[1], a[2], caches, shape, out[0]);
                    // The cache now also holds the new position and one more row.
                    LayerKvCache first = caches.get(0);
                    kernels.decodeAttention()
                            .append(a[1], a[2], 0, 1, new LayerKvCache(first.keys(), first.values(), lengths[0] + 1));
                    out[1].assign(first.keys());
                    out[2].assign(first.values());
                },
                in,
                queries,
                in[3].shape(),
                in[4].shape());
    }

    @Test
    void prefillAttentionReadsCacheAndEarlierTokens() {
        // Heads, key/value heads, head width, cached positions, new tokens: around the size of a block of rows.
        prefillAttention(4, 2, 8, 0, 1);
        prefillAttention(2, 2, 16, 0, 96);
        prefillAttention(4, 1, 10, 300, 97);
        prefillAttention(2, 1, 33, 17, 250);
        Random random = new Random(26);
        for (int i = 0; i < 20; i++) {
            int kvHeads = 1 + random.nextInt(3);
            int heads = kvHeads * (1 + random.nextInt(3));
            prefillAttention(heads, kvHeads, 1 + random.nextInt(40), random.nextInt(260), 1 + random.nextInt(220));
        }
    }

    private void prefillAttention(int heads, int kvHeads, int headDim, int cached, int length) {
        AttentionShape shape = new AttentionShape(1, length, heads, kvHeads, headDim, true);
        long[] queries = shape(length, (long) heads * headDim);
        long[] keys = shape(length, (long) kvHeads * headDim);
        long[] cache = shape(kvHeads, cached + length + 2L, headDim);
        check.run(
                "prefill of " + shape + " after " + cached,
                (kernels, a, out) -> {
                    out[1].assign(a[3]);
                    out[2].assign(a[4]);
                    LayerKvCache written = new LayerKvCache(out[1], out[2], cached);
                    kernels.decodeAttention().prefill(a[0], a[1], a[2], written, shape, out[0]);
                },
                in(
                        check.normal(queries),
                        check.normal(keys),
                        check.normal(keys),
                        check.normal(cache),
                        check.normal(cache)),
                queries,
                cache,
                cache);
    }

    @Test
    void activationsAndGradientsMatchReference() {
        for (int[] p : List.of(new int[] {1, 1}, new int[] {3, 37}, new int[] {70, 517})) {
            long[] dims = shape(p[0], p[1]);
            INDArray x = check.normal(dims).muli(4);
            INDArray up = check.normal(dims);
            INDArray dy = check.normal(dims);
            check.run("SwiGLU", (k, a, out) -> k.activations().swiGlu(a[0], a[1], out[0]), in(x, up), dims);
            check.run(
                    "SwiGLU's gradients",
                    (k, a, out) -> k.activations().swiGluGrad(a[0], a[1], a[2], out[0], out[1]),
                    in(dy, x, up),
                    dims,
                    dims);
            for (Activation f : Activation.values()) {
                check.run(f.name(), (k, a, out) -> k.activations().activation(f, a[0], out[0]), in(x), dims);
                check.run(
                        f + "'s gradient",
                        (k, a, out) -> k.activations().activationGrad(f, a[0], a[1], out[0]),
                        in(dy, x),
                        dims);
            }
        }
    }

    @Test
    void adamWUpdatesInPlace() {
        AdamWStep step = new AdamWStep(3, 2e-3, 0.9, 0.999, 1e-8, 0.01, 0.37);
        long[] dims = shape(53, 71);
        check.run(
                "AdamW",
                (k, a, out) -> {
                    out[0].assign(a[0]);
                    out[1].assign(a[2]);
                    out[2].assign(a[3]);
                    k.optimizer().adamW(out[0], a[1], out[1], out[2], step);
                },
                in(check.normal(dims), check.normal(dims), check.normal(dims), squared(check.normal(dims))),
                dims,
                dims,
                dims);
    }

    @Test
    void copyAndAddMatchReference() {
        long[] dims = shape(53, 71);
        check.run("copy", (k, a, out) -> k.elementwise().copy(a[0], out[0]), in(check.normal(dims)), dims);
        check.run(
                "add",
                (k, a, out) -> k.elementwise().add(a[0], a[1], out[0]),
                in(check.normal(dims), check.normal(dims)),
                dims);
    }

    @Test
    void sumOfSquaresCoversAllTiles() {
        check.run(
                "sum of squares",
                (k, a, out) -> out[0].assign(k.optimizer().sumOfSquares(a[0])),
                in(check.normal(77, 131)),
                shape(1, 1));
    }

    private static INDArray squared(INDArray x) {
        return x.mul(x);
    }

    @Test
    void gatherGradAddsRepeatedRows() {
        INDArray ids = check.anyBelow(23, 90);
        INDArray table = check.normal(23, 301);
        INDArray dy = check.normal(90, 301);
        check.run("embedding", (k, a, out) -> k.rows().embedding(ids, a[0], out[0]), in(table), shape(90, 301));
        check.run(
                "embedding, gradient",
                (k, a, out) -> k.rows().embeddingGrad(a[0], ids, out[0]),
                in(dy),
                shape(23, 301));
        check.run("gather", (k, a, out) -> k.rows().gatherRows(a[0], ids, out[0]), in(table), shape(90, 301));
        check.run(
                "gather, gradient", (k, a, out) -> k.rows().gatherRowsGrad(a[0], ids, out[0]), in(dy), shape(23, 301));
    }

    @Test
    void replaceRowsSkipsMinusOne() {
        INDArray rows = ints(4, 5, -1, 0, 8, -1);
        INDArray base = check.normal(9, 37);
        INDArray dy = check.normal(9, 37);
        check.run(
                "replace rows",
                (k, a, out) -> k.rows().replaceRows(a[0], a[1], rows, out[0]),
                in(base, check.normal(6, 37)),
                shape(9, 37));
        check.run(
                "replace rows, gradient of base",
                (k, a, out) -> k.rows().replaceRowsGradBase(a[0], rows, out[0]),
                in(dy),
                shape(9, 37));
        check.run(
                "replace rows, gradient of replacement",
                (k, a, out) -> k.rows().replaceRowsGradReplacement(a[0], rows, out[0]),
                in(dy),
                shape(6, 37));
    }

    @Test
    void crossEntropyAndGradientMatchReference() {
        for (int[] p : List.of(new int[] {1, 3}, new int[] {7, 325}, new int[] {40, 8001})) {
            INDArray logits = check.normal(p[0], p[1]).muli(5);
            INDArray targets = check.anyBelow(p[1], p[0]);
            check.run("loss", (k, a, out) -> k.loss().crossEntropy(a[0], targets, out[0]), in(logits), shape(1));
            check.run(
                    "loss's gradient",
                    (k, a, out) -> k.loss().crossEntropyGrad(a[0], a[1], targets, out[0]),
                    in(check.normal(1), logits),
                    shape(p[0], p[1]));
        }
    }

    @Test
    void visionKernelsMatchReference() {
        // 31 pixels: pixels after the last whole patch are ignored.
        check.run(
                "patches",
                (k, a, out) -> k.vision().extractPatches(a[0], 7, out[0]),
                in(check.normal(2, 3, 31, 31)),
                shape(32, 147));
        check.run(
                "class and position embeddings",
                (k, a, out) -> k.vision().classAndPositionEmbeddings(a[0], a[1], a[2], out[0]),
                in(check.normal(3 * 49, 33), check.normal(33), check.normal(50, 33)),
                shape(150, 33));
        check.run(
                "class and position embeddings, gradients",
                (k, a, out) -> k.vision().classAndPositionEmbeddingsGrad(a[0], out[0], out[1]),
                in(check.normal(150, 33)),
                shape(33),
                shape(50, 33));
        check.run(
                "drop first rows",
                (k, a, out) -> k.vision().dropFirstRows(a[0], 50, out[0]),
                in(check.normal(150, 33)),
                shape(147, 33));
        check.run(
                "drop first rows, gradient",
                (k, a, out) -> k.vision().dropFirstRowsGrad(a[0], 50, out[0]),
                in(check.normal(147, 33)),
                shape(150, 33));
    }
}
