package org.llava4j.train.spark;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.memory.NativeMemory;
import org.llava4j.train.GradientAccumulator;
import org.llava4j.train.run.GradientWorker;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradient worker of a Spark executor, loaded by its first task and reused by later ones. It runs on one thread,
 * because a graph's memory pool belongs to a thread and Spark runs each task on another.
 */
final class ExecutorWorker {
    private static final ExecutorService THREAD = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "llava4j-gradients");
        thread.setDaemon(true);
        return thread;
    });

    private static @Nullable ExecutorWorker current;

    private final GradientWorkerSettings settings;
    private final GradientWorker worker;
    private final Map<String, INDArray> weights = new LinkedHashMap<>();

    private ExecutorWorker(GradientWorkerSettings settings) {
        this.settings = settings;
        this.worker = settings.load();
        worker.model()
                .trainableNames()
                .forEach(name -> weights.put(name, worker.model().weight(name)));
    }

    /**
     * Computes the gradients of an executor's batches. Invalid input is returned as a result, because a retry would
     * fail too.
     */
    static PartialGradients sum(
            GradientWorkerSettings settings, FloatArrays weights, int step, ExecutorBatches batches) {
        NativeMemory.configure();
        try {
            return THREAD.submit(() -> of(settings).sum(weights, step, batches)).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BadInputException bad) {
                return PartialGradients.failed(bad);
            }
            throw new IllegalStateException("step " + (step + 1) + ": " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("step " + (step + 1) + " was interrupted", e);
        }
    }

    private static ExecutorWorker of(GradientWorkerSettings settings) {
        if (current != null && !current.settings.run().equals(settings.run())) {
            current = null;
        }
        ExecutorWorker worker = current == null ? new ExecutorWorker(settings) : current;
        current = worker;
        return worker;
    }

    private PartialGradients sum(FloatArrays now, int step, ExecutorBatches batches) {
        now.copyInto(weights);
        long before = worker.imagesComputed();
        try (GradientAccumulator sum = new GradientAccumulator()) {
            for (ExecutorBatches.NumberedBatch batch : batches.batches()) {
                batch.requireSameImages(worker);
                worker.add(batch.plan(), step, batch.pass(), sum);
                // The features are of these images, also if one changed meanwhile.
                batch.requireSameImages(worker);
            }
            return new PartialGradients(
                    sum.lossSum(),
                    sum.targetTokens(),
                    FloatArrays.of(sum.gradientSums()),
                    worker.imagesComputed() - before,
                    null);
        }
    }
}
