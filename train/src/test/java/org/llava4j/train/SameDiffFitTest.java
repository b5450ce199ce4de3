package org.llava4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.Llava.ImageInput;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.samediff.TokenEvaluation;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.impl.UIListener;
import org.nd4j.autodiff.listeners.records.History;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** Training of our graphs by {@code SameDiff.fit}, and the rest of SameDiff's training interface. */
class SameDiffFitTest {
    private static final LlavaConfig CONFIG = LlavaConfig.read(Golden.path("c_llava_linear"), ModelFolders.TOWER);
    private static final String WEIGHT = "model.mm_projector.weight";
    private final Map<String, INDArray> batch =
            PublishedBatch.placeholders(Golden.tensors("c_llava_linear/io.safetensors"), CONFIG);

    @TempDir
    private Path temp;

    @Test
    void fitSubtractsTheGradientWithSgd() {
        Llava model = projectorOnly();
        INDArray gradient = model.gradients(batch, List.of(WEIGHT)).get(WEIGHT);
        INDArray expected = model.weight(WEIGHT).sub(gradient.mul(0.1));
        configure(model, new Sgd(0.1));
        History history = model.graph().fit(batches(), 1);
        assertThat(model.weight(WEIGHT)).isEqualTo(expected);
        assertThat(history.lossCurve().meanLoss(0).getLosses()[0])
                .isCloseTo(loss(projectorOnly().graph()), within(1e-6));
    }

    /** Trains also the decoder, whose gradients need the weights of layers that fit has already got gradients for. */
    @Test
    void fitEqualsTrainerWithPyTorchAdam() {
        Llava fitted = model(name -> !name.startsWith(Llava.TOWER_PREFIX));
        Llava trained = model(name -> !name.startsWith(Llava.TOWER_PREFIX));
        CosineScheduleWithWarmup schedule = new CosineScheduleWithWarmup(1e-3, 2, 8);
        configure(fitted, new PyTorchAdam(schedule, 0.9, 0.999, 1e-8));
        fitted.graph().fit(batches(), 8);
        Trainer trainer =
                new Trainer(trained, new AdamW(new AdamW.Settings(0.9, 0.999, 1e-8, 0, Double.MAX_VALUE)), schedule);
        for (int step = 0; step < 8; step++) {
            trainer.step(batch);
        }
        INDArray start = projectorOnly().weight(WEIGHT);
        assertThat(Golden.relativeError(trained.weight(WEIGHT), start)).isGreaterThan(1e-3);
        for (String name : trained.trainableNames()) {
            assertThat(fitted.weight(name)
                            .sub(trained.weight(name))
                            .amaxNumber()
                            .doubleValue())
                    .as(name)
                    .isLessThan(1e-6);
        }
    }

    @Test
    void fitFollowsSetTrainable() {
        Llava model = projectorOnly();
        configure(model, new Sgd(0.1));
        model.graph().fit(batches(), 1);
        INDArray projector = model.weight(WEIGHT).dup();
        INDArray head = model.weight("lm_head.weight").dup();
        model.setTrainable(name -> name.equals("lm_head.weight"));
        model.graph().fit(batches(), 1);
        assertThat(model.weight(WEIGHT)).isEqualTo(projector);
        assertThat(model.weight("lm_head.weight")).isNotEqualTo(head);
    }

    @Test
    void fitCallsListenersAndAppliesRegularization() {
        Llava model = projectorOnly();
        model.graph()
                .setTrainingConfig(
                        model.trainingConfig().updater(new Sgd(0.1)).l2(1e-4).build());
        Losses losses = new Losses();
        File log = temp.resolve("ui.bin").toFile();
        History history = model.graph()
                .fit(
                        batches(),
                        3,
                        batches(),
                        1,
                        losses,
                        UIListener.builder(log).plotLosses(1).build());
        assertThat(losses.seen).hasSize(3).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(history.lossCurve().getLossNames()).containsExactly(Llava.LOSS, "L2Regularization");
        assertThat(log).isNotEmpty();
        assertThat(model.graph().getTrainingConfig().getIterationCount()).isEqualTo(3);
    }

    /** Losses that the listener is called with. */
    private static final class Losses extends BaseListener {
        private final List<Double> seen = new ArrayList<>();

        @Override
        public boolean isActive(Operation operation) {
            return operation == Operation.TRAINING;
        }

        @Override
        public void iterationDone(SameDiff graph, At at, org.nd4j.linalg.dataset.api.MultiDataSet data, Loss loss) {
            seen.add(loss.getLosses()[0]);
        }
    }

    @Test
    void savedGraphContinuesTraining() {
        Llava model = projectorOnly();
        configure(model, new PyTorchAdam(new CosineScheduleWithWarmup(1e-3, 0, 6), 0.9, 0.999, 1e-8));
        model.graph().fit(batches(), 3);
        File file = temp.resolve("graph.fb").toFile();
        model.graph().save(file, true);
        SameDiff loaded = Llava.loadGraph(file, true);
        loaded.fit(batches(), 3);
        model.graph().fit(batches(), 3);
        assertThat(loaded.getVariable(WEIGHT).getArr()).isEqualTo(model.weight(WEIGHT));
    }

    @Test
    void fitOfGraphLoadedBySameDiffNamesTheCallThatWorks() {
        Llava model = projectorOnly();
        configure(model, new Adam(1e-3));
        File file = temp.resolve("graph.fb").toFile();
        model.graph().save(file, false);
        SameDiff loaded = SameDiff.load(file, false);
        assertThat(loss(loaded)).isEqualTo(loss(model.graph()));
        assertThatThrownBy(() -> loaded.fit(batches(), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Llava.loadGraph");
    }

    @Test
    void fitRefusesEvaluationOnTrainingData() {
        Llava model = projectorOnly();
        model.graph()
                .setTrainingConfig(model.trainingConfig()
                        .updater(new Sgd(0.1))
                        .trainEvaluation("target_logits", 0, new TokenEvaluation())
                        .build());
        assertThatThrownBy(() -> model.graph().fit(batches(), 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("graph.evaluate");
    }

    @Test
    void fitNamesUnmappedPlaceholder() {
        Llava model = projectorOnly();
        model.graph()
                .setTrainingConfig(TrainingConfig.builder()
                        .updater(new Sgd(0.1))
                        .dataSetFeatureMapping(Llava.PIXEL_VALUES, Llava.INPUT_IDS, Llava.IMAGE_ROWS, Llava.POSITIONS)
                        .dataSetLabelMapping(Llava.TARGETS)
                        .build());
        assertThatThrownBy(() -> model.graph().fit(batches(), 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("row_starts, target_rows")
                .hasMessageContaining("dataSetFeatureMapping");
    }

    @Test
    void evaluateComparesPredictedTokens() {
        Llava model = projectorOnly();
        configure(model, new Sgd(0.1));
        TokenEvaluation evaluation = new TokenEvaluation();
        model.graph().evaluate(batches(), "target_logits", 0, evaluation);
        int[] predicted = model.output(batch, List.of("target_logits"))
                .get("target_logits")
                .argMax(1)
                .toIntVector();
        int[] targets = batch.get(Llava.TARGETS).toIntVector();
        int correct = 0;
        for (int i = 0; i < targets.length; i++) {
            correct += predicted[i] == targets[i] ? 1 : 0;
        }
        assertThat(evaluation.accuracy()).isCloseTo((double) correct / targets.length, within(1e-6));
        assertThat(evaluation.getNumRowCounter()).isEqualTo(targets.length);
    }

    private static double loss(SameDiff graph) {
        Map<String, INDArray> batch =
                PublishedBatch.placeholders(Golden.tensors("c_llava_linear/io.safetensors"), CONFIG);
        return graph.output(batch, Llava.LOSS).get(Llava.LOSS).getDouble(0);
    }

    private MultiDataSetIterator batches() {
        INDArray[] features = Placeholders.features(ImageInput.PIXELS).stream()
                .map(batch::get)
                .toArray(INDArray[]::new);
        return new SingletonMultiDataSetIterator(new MultiDataSet(features, new INDArray[] {batch.get(Llava.TARGETS)}));
    }

    private static void configure(Llava model, IUpdater updater) {
        model.graph().setTrainingConfig(model.trainingConfig().updater(updater).build());
    }

    private static Llava projectorOnly() {
        return model(name -> name.startsWith(Checkpoint.PROJECTOR_PREFIX));
    }

    private static Llava model(java.util.function.Predicate<String> trainable) {
        try (Checkpoint checkpoint = Checkpoint.llava(Golden.path("c_llava_linear"), ModelFolders.TOWER)) {
            Llava model = Llava.build(CONFIG, checkpoint, ImageInput.PIXELS);
            model.setTrainable(trainable);
            return model;
        }
    }
}
