package org.llava4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class TrainerTest {
    private static final LlavaConfig CONFIG = LlavaConfig.read(Golden.path("c_llava_linear"), ModelFolders.TOWER);
    private static final CosineScheduleWithWarmup CONSTANT = new CosineScheduleWithWarmup(1e-3, 0, Integer.MAX_VALUE);
    private static final String WEIGHT = "model.mm_projector.weight";

    private final Map<String, INDArray> batch =
            PublishedBatch.placeholders(Golden.tensors("c_llava_linear/io.safetensors"), CONFIG);

    @Test
    void stepOverSeveralBatchesUsesTheirMean() {
        Llava one = projectorOnly();
        Llava several = projectorOnly();
        Trainer.Step expected = trainer(one).step(batch);
        Trainer.Step step = trainer(several).step(List.of(batch, batch, batch).iterator());
        assertThat(step.loss()).isCloseTo(expected.loss(), within(1e-6));
        assertThat(step.gradNorm()).isCloseTo(expected.gradNorm(), withinPercentage(1e-3));
        assertThat(Golden.relativeError(several.weight(WEIGHT), one.weight(WEIGHT)))
                .isLessThan(1e-6);
    }

    /** Rows with few and with many target tokens: the mean over tokens differs from the mean over batches. */
    @Test
    void accumulationOverUnequalBatchesEqualsOneLargeBatch() {
        Map<String, INDArray> io = Golden.tensors("c_llava_linear/io.safetensors");
        Llava one = projectorOnly();
        Llava several = projectorOnly();
        Trainer.Step expected = trainer(one).step(PublishedBatch.placeholders(io, CONFIG));
        int rows = (int) io.get("input_ids").size(0);
        List<Map<String, INDArray>> single = IntStream.range(0, rows)
                .mapToObj(row -> PublishedBatch.placeholders(PublishedBatch.row(io, row), CONFIG))
                .toList();
        assertThat(single.stream()
                        .map(batch -> batch.get(Llava.TARGETS).length())
                        .distinct()
                        .count())
                .as("target tokens of the rows")
                .isGreaterThan(1);
        Trainer.Step step = trainer(several).step(single.iterator());
        assertThat(step.loss()).isCloseTo(expected.loss(), withinPercentage(1e-3));
        assertThat(step.gradNorm()).isCloseTo(expected.gradNorm(), withinPercentage(1e-3));
        assertThat(Golden.relativeError(several.weight(WEIGHT), one.weight(WEIGHT)))
                .isLessThan(1e-5);
    }

    @Test
    void parameterGroupsScaleLearningRateAndDisableDecay() {
        AdamW.Settings decaying = new AdamW.Settings(0.9, 0.999, 1e-8, 0.1, 1.0);
        Map<String, INDArray> weights = new TreeMap<>(Map.of("a", ones(), "b", ones(), "c", ones()));
        Map<String, INDArray> gradients = Map.of("a", ones(), "b", ones(), "c", ones());
        new AdamW(decaying, name -> new AdamW.ParameterGroup(name.equals("b") ? 3 : 1, !name.equals("c")))
                .step(1e-2, weights, gradients);
        // The first AdamW step changes a weight by the learning rate, after decay by rate * decay * weight.
        assertThat(weights.get("a").getDouble(0)).isCloseTo(1 - 1e-2 * 0.1 - 1e-2, within(1e-6));
        assertThat(weights.get("b").getDouble(0)).isCloseTo(1 - 3e-2 * 0.1 - 3e-2, within(1e-6));
        assertThat(weights.get("c").getDouble(0)).isCloseTo(1 - 1e-2, within(1e-6));
    }

    private static INDArray ones() {
        return Nd4j.ones(DataType.FLOAT, 2);
    }

    @Test
    void nanLossRejectsStep() {
        Llava model = projectorOnly();
        model.weight(WEIGHT).putScalar(0, Float.NaN);
        Trainer trainer = trainer(model);
        assertThatThrownBy(() -> trainer.step(batch))
                .isInstanceOf(BadInputException.class)
                .hasMessage("the loss of step 1 is NaN or infinite; lower the learning rate or check this batch");
    }

    @Test
    void nanGradientRejectsStepWithoutChangingWeights() {
        Map<String, INDArray> weights = Map.of(WEIGHT, Nd4j.ones(DataType.FLOAT, 2, 2));
        Map<String, INDArray> gradients = Map.of(WEIGHT, Nd4j.valueArrayOf(new long[] {2, 2}, Float.POSITIVE_INFINITY));
        AdamW optimizer = new AdamW(AdamW.Settings.PAPER);
        assertThatThrownBy(() -> optimizer.step(1e-3, weights, gradients))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("the gradient norm of step 1 is NaN or infinite");
        assertThat(weights.get(WEIGHT)).isEqualTo(Nd4j.ones(DataType.FLOAT, 2, 2));
    }

    @Test
    void trainerRejectsModelWithoutTrainableWeights() {
        Llava model = projectorOnly();
        model.setTrainable(name -> false);
        assertThatThrownBy(() -> trainer(model))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("no weight is trainable");
    }

    @Test
    void trainerNamesWeightNotConnectedToLoss() {
        Llava model = projectorOnly();
        model.graph().var("apart", Nd4j.ones(DataType.FLOAT, 2));
        Trainer trainer = trainer(model);
        assertThatThrownBy(() -> trainer.step(batch))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("the weight apart is not connected to the loss loss");
    }

    @Test
    void trainerUsesReplacedLoss() {
        Llava model = projectorOnly();
        double first = trainer(model).step(batch).loss();
        model.graph().getVariable(Llava.LOSS).mul("half_loss", 0.5);
        model.graph().setLossVariables("half_loss");
        model.graph().getVariable(WEIGHT);
        double second = trainer(model).step(batch).loss();
        assertThat(second).isLessThan(0.6 * first);
    }

    @Test
    void scheduleWarmsUpFromZeroAndDecaysToZero() {
        CosineScheduleWithWarmup schedule = CosineScheduleWithWarmup.of(2e-3, 0.03, 4652);
        assertThat(schedule.warmupSteps()).isEqualTo(140);
        assertThat(CosineScheduleWithWarmup.of(2e-5, 0.03, 14787).warmupSteps()).isEqualTo(444);
        assertThat(CosineScheduleWithWarmup.of(2e-5, 0.03, 4776).warmupSteps()).isEqualTo(144);
        assertThat(schedule.learningRate(0)).isZero();
        assertThat(schedule.learningRate(70)).isCloseTo(1e-3, within(1e-12));
        assertThat(schedule.learningRate(140)).isEqualTo(2e-3);
        assertThat(schedule.learningRate(140 + 2256)).isCloseTo(1e-3, within(1e-9));
        assertThat(schedule.learningRate(4651)).isLessThan(1e-8);
    }

    private static Trainer trainer(Llava model) {
        return new Trainer(model, new AdamW(AdamW.Settings.PAPER), CONSTANT);
    }

    private static Llava projectorOnly() {
        try (Checkpoint checkpoint = Checkpoint.llava(Golden.path("c_llava_linear"), ModelFolders.TOWER)) {
            Llava model = Llava.build(CONFIG, checkpoint, ImageInput.PIXELS);
            model.setTrainable(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX));
            return model;
        }
    }
}
