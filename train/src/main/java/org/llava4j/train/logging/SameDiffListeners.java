package org.llava4j.train.logging;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Adapter for SameDiff listeners ({@code ScoreListener}, {@code UIListener}, {@code HistoryListener}, custom ones).
 *
 * <p>An iteration is an optimizer step, including gradient accumulation, counted from 0 over all processes of a run.
 * The adapter calls {@code operationStart} and {@code operationEnd} (with {@code TRAINING}), {@code epochStart}, {@code
 * epochEnd}, {@code iterationStart} and {@code iterationDone} with the loss. The data sets passed to listeners have as
 * many rows as the step had samples, but not their content. Callbacks for single operations, activations and updates
 * are not called, because a stage does not use SameDiff's {@code fit}; a listener that requires activations is
 * rejected. A graph without a training configuration gets one that only provides the learning rates of the run. A
 * listener that returns {@code STOP} at the end of an epoch stops the run after the next step.
 */
public final class SameDiffListeners implements TrainingListener {
    private final List<Listener> listeners;
    private final List<Loss> losses = new ArrayList<>();
    private @Nullable LossCurve epochs;
    private @Nullable SameDiff graph;

    /** The last step; epoch -1 before the first one. */
    private At at = new At(-1, -1, 0, 0, null, Operation.TRAINING);

    private int totalSteps;
    private long samples;
    private long epochStartNanos;
    private boolean lastStepDone;
    private boolean stops;

    /** Notifies these listeners, in this order. */
    public SameDiffListeners(Listener... listeners) {
        this.listeners = List.of(listeners).stream()
                .filter(listener -> listener.isActive(Operation.TRAINING))
                .toList();
    }

    /**
     * @throws BadInputException if a listener requires activations
     */
    @Override
    public void trainingStarted(RunStart start) {
        SameDiff trained = start.graph();
        graph = trained;
        totalSteps = start.totalSteps();
        samples = start.before().samples();
        for (Listener listener : listeners) {
            Set<String> required = listener.requiredVariables(trained).trainingVariables();
            if (required != null && !required.isEmpty()) {
                throw new BadInputException(listener.getClass().getSimpleName() + " requires the activations "
                        + required + ", which training does not provide; remove the listener");
            }
        }
        if (trained.getTrainingConfig() == null) {
            trained.setTrainingConfig(TrainingConfig.builder()
                    .updater(new Adam(start.schedule()))
                    .skipBuilderValidation(true)
                    .build());
        }
        listeners.forEach(listener -> listener.operationStart(trained, Operation.TRAINING));
    }

    @Override
    public void stepStarted(int epoch, int step) {
        boolean first = at.epoch() != epoch;
        if (first) {
            endEpoch();
        }
        at = new At(epoch, step - 1, 0, Thread.currentThread().getId(), null, Operation.TRAINING);
        if (first) {
            epochStartNanos = System.nanoTime();
            listeners.forEach(listener -> listener.epochStart(graph, at.copy()));
        }
        listeners.forEach(listener -> listener.iterationStart(graph, at.copy(), new MultiDataSet(), 0));
    }

    @Override
    public void stepDone(Progress progress) {
        Loss loss = new Loss(List.of(Llava.LOSS), new double[] {progress.step().loss()});
        losses.add(loss);
        try (INDArray rows = Nd4j.zeros(DataType.FLOAT, progress.samples() - samples, 1)) {
            MultiDataSet data = new MultiDataSet(new INDArray[] {rows}, new INDArray[0]);
            listeners.forEach(listener -> listener.iterationDone(graph, at.copy(), data, loss));
        }
        samples = progress.samples();
        lastStepDone = progress.step().step() == totalSteps;
    }

    /** A rejected step may be the last one. */
    @Override
    public void stepRejected(int step, String reason, List<String> rejected) {
        lastStepDone = step == totalSteps;
    }

    private void endEpoch() {
        if (losses.isEmpty()) {
            // There was no epoch, or all its steps were rejected, so it has no mean loss.
            return;
        }
        Loss mean = Loss.average(losses);
        losses.clear();
        // As in fit; the constructor for a list fails for a single element.
        epochs = epochs == null ? new LossCurve(mean.getLosses(), mean.lossNames()) : epochs.addLossAndCopy(mean);
        long elapsedMs = (System.nanoTime() - epochStartNanos) / 1_000_000;
        for (Listener listener : listeners) {
            ListenerResponse response = listener.epochEnd(graph, at.copy(), epochs, elapsedMs);
            stops |= response == ListenerResponse.STOP;
        }
    }

    @Override
    public boolean shouldStop() {
        return stops;
    }

    @Override
    public void trainingEnded() {
        if (lastStepDone) {
            endEpoch();
        }
        if (graph != null) {
            listeners.forEach(listener -> listener.operationEnd(graph, Operation.TRAINING));
        }
    }
}
