package org.llava4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.OptimizerKernels.AdamWStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * AdamW optimizer with PyTorch's arithmetic, including gradient clipping by global norm. It owns the moments of every
 * weight.
 */
public final class AdamW {
    /** Added to the norm before the division, as in PyTorch's {@code clip_grad_norm_}. */
    private static final double CLIP_EPS = 1e-6;

    private final Settings settings;
    private final Function<String, ParameterGroup> groups;
    private final Kernels kernels = KernelChoice.kernels();
    private final Map<String, INDArray[]> moments = new LinkedHashMap<>();
    private int step;

    /**
     * Hyperparameters of AdamW.
     *
     * @param beta1 decay rate of the first moment
     * @param beta2 decay rate of the second moment
     * @param eps added to the denominator of the update
     * @param weightDecay decoupled weight decay
     * @param maxGradNorm gradients are scaled down to this global 2-norm
     */
    public record Settings(double beta1, double beta2, double eps, double weightDecay, double maxGradNorm) {
        /** The paper's values: betas 0.9 and 0.999, eps 1e-8, no weight decay, clipping at 1. */
        public static final Settings PAPER = new Settings(0.9, 0.999, 1e-8, 0.0, 1.0);
    }

    /**
     * Per-weight options, like PyTorch's parameter groups.
     *
     * @param learningRateScale learning rate relative to the schedule's
     * @param decays whether weight decay applies
     */
    public record ParameterGroup(double learningRateScale, boolean decays) {
        static final ParameterGroup DEFAULT = new ParameterGroup(1, true);
    }

    /** An optimizer that treats all weights alike. */
    public AdamW(Settings settings) {
        this(settings, name -> ParameterGroup.DEFAULT);
    }

    /**
     * @param settings hyperparameters of all weights
     * @param groups options by weight name
     */
    public AdamW(Settings settings, Function<String, ParameterGroup> groups) {
        this.settings = settings;
        this.groups = groups;
    }

    /**
     * Performs one optimizer step on every weight that has a gradient.
     *
     * @param rate learning rate of this step
     * @param weights float32 of any shape, by name; updated in place
     * @param gradients gradients of the same shapes, by the same names
     * @return the global gradient norm before clipping
     * @throws RejectedStepException if that norm is NaN or infinite; no weight is changed then
     */
    public double step(double rate, Map<String, INDArray> weights, Map<String, INDArray> gradients) {
        double norm = globalNorm(gradients);
        if (!Double.isFinite(norm)) {
            throw new RejectedStepException("the gradient norm of step " + (step + 1)
                    + " is NaN or infinite, no weight was changed; lower the learning rate or check this batch");
        }
        double scale = Math.min(1.0, settings.maxGradNorm() / (norm + CLIP_EPS));
        step++;
        gradients.forEach((name, gradient) -> {
            INDArray weight = Objects.requireNonNull(weights.get(name), name);
            INDArray[] mv = moments.computeIfAbsent(name, key -> zeros(weight));
            kernels.optimizer().adamW(weight, gradient, mv[0], mv[1], stepParameters(rate, scale, groups.apply(name)));
        });
        return norm;
    }

    private AdamWStep stepParameters(double rate, double scale, ParameterGroup share) {
        return new AdamWStep(
                step,
                rate * share.learningRateScale(),
                settings.beta1(),
                settings.beta2(),
                settings.eps(),
                share.decays() ? settings.weightDecay() : 0,
                scale);
    }

    /** First and second moment of each weight, by reference; zeros for weights that have none yet. */
    public Map<String, INDArray[]> moments(Map<String, INDArray> weights) {
        weights.forEach((name, weight) -> moments.computeIfAbsent(name, key -> zeros(weight)));
        return Collections.unmodifiableMap(moments);
    }

    /** Resumes after {@code steps} steps. The caller restores {@link #moments} in place. */
    public void resumeFrom(int steps) {
        step = steps;
    }

    private static INDArray[] zeros(INDArray weight) {
        return new INDArray[] {Nd4j.zerosLike(weight), Nd4j.zerosLike(weight)};
    }

    private double globalNorm(Map<String, INDArray> gradients) {
        double squares = 0;
        for (INDArray gradient : gradients.values()) {
            squares += kernels.optimizer().sumOfSquares(gradient);
        }
        return Math.sqrt(squares);
    }
}
