package org.llava4j.model.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.model.kernels.ActivationKernels.Activation;
import org.llava4j.model.kernels.DropoutMask;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.samediff.GraphHooks;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares the gradients of every operation with central differences in double. */
class OperationGradientTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;

    private final Random random = new Random(7);
    private final Map<String, INDArray> inputs = new LinkedHashMap<>();

    @BeforeAll
    static void register() {
        OpRegistry.register();
    }

    private void input(String name, long... shape) {
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextGaussian());
        }
        inputs.put(name, array);
    }

    private static INDArray ints(int... values) {
        return Nd4j.createFromArray(values);
    }

    /** Sums all outputs with random weights, so that each element of each gradient matters. */
    private void checkGradients(Function<SameDiff, SDVariable[]> build) {
        SameDiff sd = SameDiff.create();
        inputs.forEach(sd::var);
        List<SDVariable> sums = new ArrayList<>();
        Map<String, INDArray> none = Map.of();
        SDVariable[] outputs = build.apply(sd);
        for (SDVariable output : outputs) {
            INDArray value = sd.output(none, output.name()).get(output.name());
            INDArray weights = Nd4j.create(DataType.DOUBLE, value.shape());
            for (long i = 0; i < weights.length(); i++) {
                weights.putScalar(i, random.nextGaussian());
            }
            sums.add(
                    output.mul(sd.constant(output.name() + "_weights", weights)).sum());
        }
        SDVariable loss = sums.get(0);
        for (SDVariable sum : sums.subList(1, sums.size())) {
            loss = loss.add(sum);
        }
        loss = sd.identity("total", loss);
        loss.markAsLoss();
        SameDiff gradients = GraphHooks.gradientGraph(sd);
        for (Map.Entry<String, INDArray> input : inputs.entrySet()) {
            String node = gradients.getVariable(input.getKey()).gradient().name();
            INDArray analytic = gradients.output(none, node).get(node).dup();
            assertThat(analytic.shape()).isEqualTo(input.getValue().shape());
            INDArray numeric = numericGradient(sd, input.getValue());
            double error = analytic.sub(numeric).norm2Number().doubleValue()
                    / Math.max(1e-12, numeric.norm2Number().doubleValue());
            assertThat(error).as("gradient of " + input.getKey()).isLessThan(TOLERANCE);
        }
    }

    private static INDArray numericGradient(SameDiff sd, INDArray array) {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, array.shape());
        for (long i = 0; i < array.length(); i++) {
            double value = array.getDouble(i);
            array.putScalar(i, value + STEP);
            double up = total(sd);
            array.putScalar(i, value - STEP);
            double down = total(sd);
            array.putScalar(i, value);
            gradient.putScalar(i, (up - down) / (2 * STEP));
        }
        return gradient;
    }

    private static double total(SameDiff sd) {
        return sd.output(Map.of(), "total").get("total").getDouble(0);
    }

    private static SDVariable[] only(SDVariable variable) {
        return new SDVariable[] {variable};
    }

    @Test
    void linearWithBiasAndResidual() {
        input("x", 5, 3);
        input("w", 4, 3);
        input("b", 4);
        input("residual", 5, 4);
        checkGradients(sd -> only(Linear.withResidual(
                "y", sd.getVariable("residual"), sd.getVariable("x"), sd.getVariable("w"), sd.getVariable("b"))));
    }

    @Test
    void projectionsOfInputThatIsAlsoResidual() {
        input("x", 5, 4);
        input("w", 3, 4);
        input("v", 4, 4);
        checkGradients(sd -> {
            SDVariable x = sd.getVariable("x");
            SDVariable[] both = Linear.projections("both", x, sd.getVariable("w"), sd.getVariable("v"));
            return new SDVariable[] {both[0], Linear.withResidual("y", x, both[1], sd.getVariable("v"))};
        });
    }

    @Test
    void loraBranchWithDropout() {
        input("x", 5, 6);
        input("w", 4, 6);
        input("a", 2, 6);
        input("b", 4, 2);
        checkGradients(sd -> {
            SDVariable x = sd.getVariable("x");
            SDVariable y = Linear.of("whole", x, sd.getVariable("w"));
            SDVariable seed = sd.constant("seed", Nd4j.createFromArray(3L));
            SDVariable dropped = Dropout.of("dropped", x, seed, 0.4, DropoutMask.stream(42, "w"));
            SDVariable low = Scale.of("scaled", Linear.of("low", dropped, sd.getVariable("a")), 2.5);
            return only(Linear.withResidual("y", y, low, sd.getVariable("b")));
        });
    }

    @Test
    void linearWithConvolutionKernel() {
        input("x", 5, 12);
        input("kernel", 2, 3, 2, 2);
        checkGradients(sd -> only(Linear.of("y", sd.getVariable("x"), sd.getVariable("kernel"))));
    }

    @Test
    void rmsNorm() {
        input("x", 4, 6);
        input("w", 6);
        checkGradients(sd -> only(RmsNorm.of("y", sd.getVariable("x"), sd.getVariable("w"), 1e-5)));
    }

    @Test
    void layerNorm() {
        input("x", 4, 6);
        input("w", 6);
        input("b", 6);
        checkGradients(
                sd -> only(LayerNorm.of("y", sd.getVariable("x"), sd.getVariable("w"), sd.getVariable("b"), 1e-5)));
    }

    @ParameterizedTest
    @EnumSource
    void rope(RotaryOrder order) {
        input("x", 3, 8);
        checkGradients(sd ->
                only(Rope.of("y", sd.getVariable("x"), sd.constant("positions", ints(0, 5, 9)), 4, order, 10000, 2.0)));
    }

    @Test
    void causalAttentionWithGroupedHeadsAndLeftPadding() {
        input("q", 6, 8);
        input("k", 6, 4);
        input("v", 6, 4);
        checkGradients(sd -> only(Attention.causal(
                "y",
                sd.getVariable("q"),
                sd.getVariable("k"),
                sd.getVariable("v"),
                sd.constant("starts", ints(0, 1)),
                4,
                2,
                2)));
    }

    @Test
    void causalAttentionOverPackedSequences() {
        input("q", 7, 8);
        input("k", 7, 4);
        input("v", 7, 4);
        checkGradients(sd -> only(Attention.causal(
                "y",
                sd.getVariable("q"),
                sd.getVariable("k"),
                sd.getVariable("v"),
                sd.constant("starts", ints(0, 2, 2, 5, 5, 6).reshape(3, 2)),
                4,
                2,
                2)));
    }

    @Test
    void fullAttention() {
        input("q", 6, 4);
        input("k", 6, 4);
        input("v", 6, 4);
        checkGradients(sd ->
                only(Attention.full("y", sd.getVariable("q"), sd.getVariable("k"), sd.getVariable("v"), 3, 2, 2)));
    }

    @Test
    void swiGlu() {
        input("gate", 3, 4);
        input("up", 3, 4);
        checkGradients(sd -> only(SwiGlu.of("y", sd.getVariable("gate"), sd.getVariable("up"))));
    }

    @Test
    void activations() {
        input("x", 3, 4);
        checkGradients(sd -> new SDVariable[] {
            ActivationOp.of(Activation.QUICK_GELU, "quick", sd.getVariable("x")),
            ActivationOp.of(Activation.GELU, "exact", sd.getVariable("x"))
        });
    }

    @Test
    void embeddingWithRepeatedId() {
        input("table", 5, 3);
        checkGradients(sd -> only(Embedding.of("y", sd.getVariable("table"), sd.constant("ids", ints(1, 4, 1, 0)))));
    }

    @Test
    void trainableTokenEmbeddings() {
        input("table", 6, 3);
        input("tokenRows", 2, 3);
        checkGradients(sd -> {
            SDVariable ids = sd.constant("ids", ints(1, 5, 4, 1, 5, 0));
            SDVariable embeddings = Embedding.of("embeddings", sd.getVariable("table"), ids);
            return only(TrainableTokenEmbeddings.of("y", embeddings, sd.getVariable("tokenRows"), ids, 5, 4));
        });
    }

    @Test
    void mergeImageFeaturesWithDroppedTokens() {
        input("text", 5, 3);
        input("images", 4, 3);
        checkGradients(sd -> only(MergeImageFeatures.of(
                "y", sd.getVariable("text"), sd.getVariable("images"), sd.constant("rows", ints(3, -1, 1, -1)))));
    }

    @Test
    void gatherAndCrossEntropy() {
        input("x", 5, 7);
        checkGradients(sd -> {
            SDVariable rows = GatherRows.of("rows", sd.getVariable("x"), sd.constant("at", ints(4, 0, 2)));
            return only(CrossEntropy.of("y", rows, sd.constant("targets", ints(6, 0, 3))));
        });
    }

    @Test
    void classAndPositionEmbeddingsAndDropClassToken() {
        input("patches", 6, 4);
        input("class", 4);
        input("positions", 4, 4);
        checkGradients(sd -> {
            SDVariable all = ClassAndPositionEmbeddings.of(
                    "all", sd.getVariable("patches"), sd.getVariable("class"), sd.getVariable("positions"));
            return new SDVariable[] {all, DropClassToken.of("rest", all, 4)};
        });
    }
}
