package org.llava4j.eval.tiny;

import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import org.llava4j.model.Llava;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;
import org.llava4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Training loop of the tiny base model's parts: AdamW, warmup and cosine decay, a log line every 100 steps.
 *
 * @param name in the log lines
 * @param learningRate at the end of the warmup
 * @param steps number of steps
 */
record TinyTrainingLoop(String name, double learningRate, int steps) {
    private static final Logger LOG = LoggerFactory.getLogger(TinyTrainingLoop.class);
    private static final double WARMUP = 0.03;
    private static final AdamW.Settings ADAM = new AdamW.Settings(0.9, 0.98, 1e-8, 0, 1);
    private static final int REPORT_EVERY = 100;
    private static final double SMOOTHING = 0.98;

    /**
     * Trains the weights that {@link Llava#setTrainable} selected.
     *
     * @param batches placeholders by step, counted from 0
     */
    void train(Llava model, IntFunction<Map<String, INDArray>> batches) {
        Trainer trainer = new Trainer(model, new AdamW(ADAM), CosineScheduleWithWarmup.of(learningRate, WARMUP, steps));
        double smoothed = 0;
        long startNanos = System.nanoTime();
        for (int step = 0; step < steps; step++) {
            double loss = trainer.step(batches.apply(step)).loss();
            smoothed = step == 0 ? loss : SMOOTHING * smoothed + (1 - SMOOTHING) * loss;
            if ((step + 1) % REPORT_EVERY == 0 || step + 1 == steps) {
                double seconds = (System.nanoTime() - startNanos) / 1e9;
                LOG.info(String.format(
                        Locale.ROOT, "%s %5d/%d  loss %.4f  %.0f s", name, step + 1, steps, smoothed, seconds));
            }
        }
    }
}
