package org.llava4j.train.stage;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.train.AdamW;
import org.llava4j.train.CosineScheduleWithWarmup;

/**
 * Learning rate and AdamW of a stage.
 *
 * @param learningRate at the end of the warmup
 * @param mmProjectorLr learning rate of the projector, with the same schedule; null for the common one
 * @param warmupRatio share of the steps with learning-rate warmup, at least 0 and less than 1
 * @param settings AdamW's hyperparameters
 * @param noDecay regular expressions for full names of weights without weight decay; if empty and there is weight
 *     decay, {@link #NORMS_AND_BIASES}, as in LLaVA's trainer
 */
public record OptimizerArguments(
        double learningRate,
        @JsonAlias("projectorLearningRate") @Nullable Double mmProjectorLr,
        double warmupRatio,
        @JsonProperty("optimizer") AdamW.Settings settings,
        List<String> noDecay) {

    /** Expressions for the weights of normalization layers and all biases. */
    static final List<String> NORMS_AND_BIASES = List.of("(.+\\.)?\\w*norm\\.weight", "(.+\\.)?bias");

    public OptimizerArguments {
        Checks.requirePresent(settings, "optimizer");
        noDecay = noDecay(noDecay == null ? List.of() : noDecay, settings.weightDecay());
        Checks.requireRegexes("noDecay", noDecay);
        Checks.require(
                learningRate > 0 && learningRate < 1, "learningRate", learningRate, "it must be between 0 and 1");
        Checks.require(
                mmProjectorLr == null || (mmProjectorLr > 0 && mmProjectorLr < 1),
                "mmProjectorLr",
                mmProjectorLr,
                "it must be between 0 and 1, or null for the common one");
        Checks.require(
                warmupRatio >= 0 && warmupRatio < 1,
                "warmupRatio",
                warmupRatio,
                "it must be at least 0 and less than 1");
        requireRange(settings.maxGradNorm() > 0, "maxGradNorm", settings.maxGradNorm(), "greater than 0");
        requireRange(settings.weightDecay() >= 0, "weightDecay", settings.weightDecay(), "at least 0");
        requireRange(settings.eps() > 0, "eps", settings.eps(), "greater than 0");
        Checks.require(
                noDecay.isEmpty() || settings.weightDecay() > 0,
                "noDecay",
                noDecay,
                "it has no effect because \"weightDecay\" of \"optimizer\" is " + settings.weightDecay());
        requireRange(isBeta(settings.beta1()), "beta1", settings.beta1(), "at least 0 and less than 1");
        requireRange(isBeta(settings.beta2()), "beta2", settings.beta2(), "at least 0 and less than 1");
    }

    private static void requireRange(boolean holds, String key, double value, String range) {
        Checks.require(holds, "optimizer." + key, value, "it must be " + range);
    }

    /** Makes the default explicit, so that the identity of a run shows it. */
    private static List<String> noDecay(List<String> given, double weightDecay) {
        if (weightDecay == 0 && given.equals(NORMS_AND_BIASES)) {
            return List.of();
        }
        return weightDecay > 0 && given.isEmpty() ? NORMS_AND_BIASES : List.copyOf(given);
    }

    private static boolean isBeta(double value) {
        return value >= 0 && value < 1;
    }

    /**
     * Learning rate of each step of a run.
     *
     * @throws BadInputException if the run would consist of warmup only
     */
    CosineScheduleWithWarmup learningRates(int totalSteps) {
        CosineScheduleWithWarmup rates = CosineScheduleWithWarmup.of(learningRate, warmupRatio, totalSteps);
        if (rates.warmupSteps() >= totalSteps) {
            throw new BadInputException("all " + totalSteps + " step(s) of the run would be warmup (\"warmupRatio\" is "
                    + warmupRatio + "); use more steps or a ratio of 0");
        }
        return rates;
    }

    /** Optimizer with the parameter groups of the stage. */
    public AdamW adamW() {
        double projectorScale = mmProjectorLr == null ? 1 : mmProjectorLr / learningRate;
        return new AdamW(
                settings,
                name -> new AdamW.ParameterGroup(
                        name.startsWith(Checkpoint.PROJECTOR_PREFIX) ? projectorScale : 1,
                        noDecay.stream().noneMatch(pattern -> name.matches(pattern))));
    }
}
