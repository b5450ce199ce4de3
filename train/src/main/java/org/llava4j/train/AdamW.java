package org.llava4j.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.model.kernels.KernelChoice;
import org.llava4j.model.kernels.Kernels;
import org.llava4j.model.kernels.Kernels.AdamWStep;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** AdamW with PyTorch's arithmetic and gradient clipping by the global norm; the moments of each weight live here. */
public final class AdamW {
    /** What PyTorch adds to the norm before it divides by it. */
    private static final double CLIP_EPS = 1e-6;

    private final Settings settings;
    private final Function<String, ParameterGroup> groups;
    private final Kernels kernels = KernelChoice.kernels();
    private final Map<String, INDArray[]> moments = new LinkedHashMap<>();
    private int step;

    /**
     * @param maxGradNorm gradients are scaled down to this global 2-norm
     */
    public record Settings(double beta1, double beta2, double eps, double weightDecay, double maxGradNorm) {
        /** The paper's: betas 0.9 and 0.999, eps 1e-8, no decay, clipping at 1. */
        public static final Settings PAPER = new Settings(0.9, 0.999, 1e-8, 0.0, 1.0);
    }

    /**
     * What differs between weights.
     *
     * @param learningRateScale its learning rate as a multiple of the common one
     * @param decays whether it decays
     */
    public record ParameterGroup(double learningRateScale, boolean decays) {
        static final ParameterGroup DEFAULT = new ParameterGroup(1, true);
    }

    /** All weights alike. */
    public AdamW(Settings settings) {
        this(settings, name -> ParameterGroup.DEFAULT);
    }

    /** @param shares by name of a weight */
    public AdamW(Settings settings, Function<String, ParameterGroup> shares) {
        this.settings = settings;
        this.groups = shares;
    }

    /**
     * One step on every weight that has a gradient.
     *
     * @param weights float32 of any shape, by name; changed in place
     * @param gradients of the same shapes, by the same names
     * @return the global gradient norm before clipping
     * @throws RejectedStepException if that is not a number; no weight is then changed
     */
    public double step(double rate, Map<String, INDArray> weights, Map<String, INDArray> gradients) {
        double norm = globalNorm(gradients);
        if (!Double.isFinite(norm)) {
            throw new RejectedStepException("the gradient's norm of step " + (step + 1)
                    + " is not a number any more, no weight was changed; lower the learning rate or look at this"
                    + " batch");
        }
        double scale = Math.min(1.0, settings.maxGradNorm() / (norm + CLIP_EPS));
        step++;
        gradients.forEach((name, gradient) -> {
            INDArray weight = weights.get(name);
            INDArray[] mv = moments.computeIfAbsent(name, key -> zeros(weight));
            kernels.adamW(weight, gradient, mv[0], mv[1], stepParameters(rate, scale, groups.apply(name)));
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

    /** The running means of each weight's gradient and of its square, by reference; made where there are none yet. */
    public Map<String, INDArray[]> moments(Map<String, INDArray> weights) {
        weights.forEach((name, weight) -> moments.computeIfAbsent(name, key -> zeros(weight)));
        return Collections.unmodifiableMap(moments);
    }

    /** Steps so far. */
    int steps() {
        return step;
    }

    /** Goes on as after so many steps; the moments are put in by reference. */
    public void resumeFrom(int steps) {
        step = steps;
    }

    private static INDArray[] zeros(INDArray weight) {
        return new INDArray[] {Nd4j.zerosLike(weight), Nd4j.zerosLike(weight)};
    }

    private double globalNorm(Map<String, INDArray> gradients) {
        double squares = 0;
        for (INDArray gradient : gradients.values()) {
            squares += kernels.sumOfSquares(gradient);
        }
        return Math.sqrt(squares);
    }
}
