package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.NativeMemory;
import org.llava4j.train.GradientSum;
import org.llava4j.train.stage.Learner;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The graph of an executor, loaded with its first task and kept for the next. It has a thread of its own, since the memory
 * of a graph belongs to a thread and Spark gives each task another.
 */
final class ExecutorLearner {
    private static final ExecutorService THREAD = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "llava4j-learner");
        thread.setDaemon(true);
        return thread;
    });

    private static ExecutorLearner current;

    private final LearnerSettings settings;
    private final Learner learner;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();

    private ExecutorLearner(LearnerSettings settings) {
        this.settings = settings;
        this.learner = settings.load();
        learner.model()
                .trainableNames()
                .forEach(name -> weights.put(name, learner.model().weight(name)));
    }

    /** Computes a share. What is wrong with the input is its result: another try would meet it again. */
    static ShareSum sum(LearnerSettings settings, FloatArrays weights, int step, Share share) {
        NativeMemory.configure();
        try {
            return THREAD.submit(() -> of(settings).sum(weights, step, share)).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BadInputException bad) {
                return ShareSum.failed(bad);
            }
            throw new IllegalStateException("step " + (step + 1) + ": " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("step " + (step + 1) + " was given up", e);
        }
    }

    private static ExecutorLearner of(LearnerSettings settings) {
        if (current == null || !current.settings.run().equals(settings.run())) {
            current = null;
            current = new ExecutorLearner(settings);
        }
        return current;
    }

    private ShareSum sum(FloatArrays now, int step, Share share) {
        now.copyInto(weights);
        long before = learner.picturesComputed();
        try (GradientSum sum = new GradientSum()) {
            share.batches().forEach(batch -> learner.add(batch.plan(), step, batch.pass(), sum));
            return new ShareSum(
                    sum.loss(), sum.rows(), FloatArrays.of(sum.sums()), learner.picturesComputed() - before, null);
        }
    }
}
