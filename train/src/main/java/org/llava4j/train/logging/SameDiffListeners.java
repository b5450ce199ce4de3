package org.llava4j.train.logging;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
 * SameDiff's own listeners ({@code ScoreListener}, {@code UIListener}, {@code HistoryListener}, your own) on a run.
 *
 * <p>An iteration is an optimiser step, whatever it accumulates, counted from 0 over all processes of a run. Called are
 * {@code operationStart} and {@code operationEnd} (with {@code TRAINING}), {@code epochStart}, {@code epochEnd},
 * {@code iterationStart} and {@code iterationDone} with the loss. The data sets that are handed over have as many rows as
 * the step had samples, but not what was in them. Callbacks for single operations, activations and updates never come,
 * since our graphs do not run in SameDiff's {@code fit}; a listener that asks for activations is refused. A graph without
 * a training configuration gets one that has the run's learning rates and is good for nothing else. A listener that
 * answers {@code STOP} at an epoch's end stops the run after its next step.
 */
public final class SameDiffListeners implements TrainingListener {
    private final List<Listener> listeners;
    private final List<Loss> losses = new ArrayList<>();
    private LossCurve epochs;
    private SameDiff graph;
    private At at;
    private int totalSteps;
    private long samples;
    private long epochStartMs;
    private boolean lastStepDone;
    private boolean stops;

    public SameDiffListeners(Listener... listeners) {
        this.listeners = List.of(listeners).stream()
                .filter(listener -> listener.isActive(Operation.TRAINING))
                .toList();
    }

    /** @throws BadInputException if a listener asks for activations */
    @Override
    public void trainingStarted(RunStart start) {
        graph = start.graph();
        totalSteps = start.totalSteps();
        samples = start.before().samples();
        for (Listener listener : listeners) {
            Set<String> wanted = listener.requiredVariables(graph).trainingVariables();
            if (wanted != null && !wanted.isEmpty()) {
                throw new BadInputException(listener.getClass().getSimpleName() + " asks for " + wanted
                        + ", which a run does not hand out; take it off the run");
            }
        }
        if (graph.getTrainingConfig() == null) {
            graph.setTrainingConfig(TrainingConfig.builder()
                    .updater(new Adam(start.schedule()))
                    .skipBuilderValidation(true)
                    .build());
        }
        listeners.forEach(listener -> listener.operationStart(graph, Operation.TRAINING));
    }

    @Override
    public void stepStarted(int epoch, int step) {
        if (at != null && at.epoch() != epoch) {
            endEpoch();
        }
        boolean first = at == null || at.epoch() != epoch;
        at = new At(epoch, step - 1, 0, Thread.currentThread().getId(), null, Operation.TRAINING);
        if (first) {
            epochStartMs = System.currentTimeMillis();
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

    /** The run may end with it. */
    @Override
    public void stepRejected(int step, String reason, List<String> rejected) {
        lastStepDone = step == totalSteps;
    }

    private void endEpoch() {
        if (losses.isEmpty()) {
            // All its steps were rejected: it has no mean, and a listener's curve has no place without one.
            return;
        }
        Loss mean = Loss.average(losses);
        losses.clear();
        // As fit does it; the constructor that takes a list fails for a list of one.
        epochs = epochs == null ? new LossCurve(mean.getLosses(), mean.lossNames()) : epochs.addLossAndCopy(mean);
        long elapsedMs = System.currentTimeMillis() - epochStartMs;
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
