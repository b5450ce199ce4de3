package org.llava4j.model.generate;

import java.util.Map;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;

/**
 * Sampling parameters of a token. They are applied in this order: penalties, logit bias, temperature, top-k, top-p
 * (nucleus sampling, Holtzman et al. 2020), min-p (Nguyen et al. 2024), as in Hugging Face.
 *
 * @param temperature divisor of the logits; 0 for greedy decoding
 * @param topP keeps the most probable tokens whose probabilities sum to at least this; 1 for all
 * @param topK number of most probable tokens to keep; 0 for all
 * @param minP keeps tokens with at least this fraction of the most probable token's probability; 0 for all
 * @param logitBias number added to the logit of a token id, after the penalties
 * @param seed the same seed samples the same tokens
 */
public record SamplingOptions(
        double temperature,
        double topP,
        int topK,
        double minP,
        Penalties penalties,
        Map<Integer, Double> logitBias,
        long seed) {
    /** Greedy decoding: always the most probable token. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 1, 0, 1, 0);

    /**
     * Penalties of tokens that occurred.
     *
     * @param repetition factor for the tokens of prompt and answer (Keskar et al. 2019, section 4.1); above 1, makes
     *     them less probable; 1 for none
     * @param frequency subtracted from a token's logit for each time that the answer has it, as OpenAI does; 0 for none
     * @param presence subtracted from a token's logit if the answer has it; 0 for none
     */
    public record Penalties(double repetition, double frequency, double presence) {
        /** No penalty. */
        public static final Penalties NONE = new Penalties(1, 0, 0);

        /** @throws BadInputException if a penalty is out of range */
        public Penalties {
            require(repetition > 0 && repetition <= 100, "repetition penalty", repetition, "above 0, up to 100");
            require(Math.abs(frequency) <= 2, "frequency penalty", frequency, "from -2 to 2");
            require(Math.abs(presence) <= 2, "presence penalty", presence, "from -2 to 2");
        }

        @Override
        public String toString() {
            return (repetition == 1 ? "" : ", repetition penalty " + repetition)
                    + (frequency == 0 ? "" : ", frequency penalty " + frequency)
                    + (presence == 0 ? "" : ", presence penalty " + presence);
        }
    }

    /** @throws BadInputException if a parameter is out of range */
    public SamplingOptions {
        require(temperature >= 0 && temperature <= 100, "temperature", temperature, "from 0 to 100");
        require(topP > 0 && topP <= 1, "top-p", topP, "above 0, up to 1");
        require(topK >= 0, "top-k", topK, "0 or more");
        require(minP >= 0 && minP <= 1, "min-p", minP, "from 0 to 1");
        logitBias = Map.copyOf(logitBias);
        logitBias.values().forEach(bias -> require(Math.abs(bias) <= 100, "logit bias", bias, "from -100 to 100"));
    }

    /** The parameters that most models need. */
    public SamplingOptions(double temperature, double topP, int topK, double repetitionPenalty, long seed) {
        this(temperature, topP, topK, 0, new Penalties(repetitionPenalty, 0, 0), Map.of(), seed);
    }

    private static void require(boolean holds, String what, Number value, String range) {
        if (!holds) {
            throw new BadInputException("the " + what + " is " + value + " and must be " + range);
        }
    }

    /** The parameters as reports print them: {@code greedy}, or temperature, filters and seed. */
    @Override
    public String toString() {
        String changes = penalties + (logitBias.isEmpty() ? "" : ", logit bias " + new TreeMap<>(logitBias));
        if (temperature == 0) {
            return "greedy" + changes;
        }
        return "temperature " + temperature + (topP == 1 ? "" : ", top-p " + topP)
                + (topK == 0 ? "" : ", top-k " + topK) + (minP == 0 ? "" : ", min-p " + minP) + changes + ", seed "
                + seed;
    }

    /** Sampling from all tokens at a temperature. */
    public static SamplingOptions at(double temperature, long seed) {
        return new SamplingOptions(temperature, 1, 0, 1, seed);
    }

    /** These options with another seed. */
    public SamplingOptions withSeed(long newSeed) {
        return new SamplingOptions(temperature, topP, topK, minP, penalties, logitBias, newSeed);
    }

    /** These options with another limit of nucleus sampling. */
    public SamplingOptions withTopP(double newTopP) {
        return new SamplingOptions(temperature, newTopP, topK, minP, penalties, logitBias, seed);
    }

    /** These options with another number of candidates; 0 for all. */
    public SamplingOptions withTopK(int newTopK) {
        return new SamplingOptions(temperature, topP, newTopK, minP, penalties, logitBias, seed);
    }

    /** These options with another least probability, relative to the most probable token. */
    public SamplingOptions withMinP(double newMinP) {
        return new SamplingOptions(temperature, topP, topK, newMinP, penalties, logitBias, seed);
    }

    /** These options with other penalties. */
    public SamplingOptions withPenalties(Penalties newPenalties) {
        return new SamplingOptions(temperature, topP, topK, minP, newPenalties, logitBias, seed);
    }

    /** These options with another repetition penalty; 1 for none. */
    public SamplingOptions withRepetitionPenalty(double newPenalty) {
        return withPenalties(new Penalties(newPenalty, penalties.frequency(), penalties.presence()));
    }

    /** These options with other additions to logits, by token id. */
    public SamplingOptions withLogitBias(Map<Integer, Double> newLogitBias) {
        return new SamplingOptions(temperature, topP, topK, minP, penalties, newLogitBias, seed);
    }
}
