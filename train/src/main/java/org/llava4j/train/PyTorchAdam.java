package org.llava4j.train;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ND4J updater with PyTorch's arithmetic of Adam, for {@code SameDiff.fit}. ND4J's own {@code Adam} adds epsilon before
 * the bias correction of the second moment instead of after it, which differs for small gradients. With ND4J's {@code
 * WeightDecay} as regularization it is AdamW. Unlike {@link AdamW}, it does not clip gradients: {@code fit} updates
 * each weight on its own.
 */
@JsonAutoDetect(
        fieldVisibility = JsonAutoDetect.Visibility.ANY,
        getterVisibility = JsonAutoDetect.Visibility.NONE,
        isGetterVisibility = JsonAutoDetect.Visibility.NONE)
public final class PyTorchAdam implements IUpdater {
    private static final long serialVersionUID = 1L;

    private ISchedule schedule;
    private final double beta1;
    private final double beta2;
    private final double eps;

    /**
     * @param schedule learning rate by iteration, counted from 0
     * @param beta1 decay rate of the first moment
     * @param beta2 decay rate of the second moment
     * @param eps added to the denominator of the update
     */
    @JsonCreator
    public PyTorchAdam(
            @JsonProperty("schedule") ISchedule schedule,
            @JsonProperty("beta1") double beta1,
            @JsonProperty("beta2") double beta2,
            @JsonProperty("eps") double eps) {
        this.schedule = schedule;
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.eps = eps;
    }

    @Override
    public long stateSize(long parameters) {
        return 2 * parameters;
    }

    @Override
    public GradientUpdater<PyTorchAdam> instantiate(INDArray state, boolean initialize) {
        Moments moments = new Moments(this);
        moments.setStateViewArray(state, new long[] {1, state.length() / 2}, 'c', initialize);
        return moments;
    }

    @Override
    public GradientUpdater<PyTorchAdam> instantiate(Map<String, INDArray> state, boolean initialize) {
        Moments moments = new Moments(this);
        moments.setState(state, initialize);
        return moments;
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return schedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    /** @param newSchedule null for a constant learning rate */
    @Override
    public void setLrAndSchedule(double learningRate, @Nullable ISchedule newSchedule) {
        schedule = newSchedule == null ? new FixedSchedule(learningRate) : newSchedule;
    }

    @Override
    public PyTorchAdam clone() {
        return new PyTorchAdam(schedule.clone(), beta1, beta2, eps);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PyTorchAdam adam
                && schedule.equals(adam.schedule)
                && beta1 == adam.beta1
                && beta2 == adam.beta2
                && eps == adam.eps;
    }

    @Override
    public int hashCode() {
        return Objects.hash(schedule, beta1, beta2, eps);
    }

    /** Moments of one weight. */
    private static final class Moments implements GradientUpdater<PyTorchAdam> {
        private static final String FIRST = "M";
        private static final String SECOND = "V";

        private final PyTorchAdam config;
        private INDArray m = Nd4j.empty();
        private INDArray v = Nd4j.empty();

        Moments(PyTorchAdam config) {
            this.config = config;
        }

        @Override
        public PyTorchAdam getConfig() {
            return config;
        }

        @Override
        public void setState(Map<String, INDArray> state, boolean initialize) {
            m = Objects.requireNonNull(state.get(FIRST), FIRST);
            v = Objects.requireNonNull(state.get(SECOND), SECOND);
        }

        @Override
        public Map<String, INDArray> getState() {
            return Map.of(FIRST, m, SECOND, v);
        }

        /** @param view {@code float32[1, 2n]}: the first moments, then the second moments, of n parameters */
        @Override
        public void setStateViewArray(INDArray view, long[] shape, char order, boolean initialize) {
            if (initialize) {
                view.assign(0);
            }
            long parameters = view.length() / 2;
            INDArray flat = view.reshape(view.length());
            m = flat.get(NDArrayIndex.interval(0, parameters)).reshape(order, shape);
            v = flat.get(NDArrayIndex.interval(parameters, view.length())).reshape(order, shape);
        }

        /** Replaces the gradient by the amount to subtract from the weight. */
        @Override
        public void applyUpdater(INDArray gradient, int iteration, int epoch) {
            int step = iteration + 1;
            double correction1 = 1 - Math.pow(config.beta1, step);
            double rootCorrection2 = Math.sqrt(1 - Math.pow(config.beta2, step));
            m.addi(gradient.sub(m).muli(1 - config.beta1));
            v.muli(config.beta2).addi(gradient.mul(gradient).muli(1 - config.beta2));
            INDArray denominator =
                    Transforms.sqrt(v, true).divi(rootCorrection2).addi(config.eps);
            gradient.assign(m.div(denominator).muli(config.getLearningRate(iteration, epoch) / correction1));
        }
    }
}
