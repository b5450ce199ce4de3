package org.llava4j.model.generate;

import org.llava4j.data.BadInputException;

/**
 * Sampling parameters of a token, applied in the order of Hugging Face: repetition penalty (Keskar et al. 2019, section
 * 4.1), temperature, top-k, top-p (nucleus sampling, Holtzman et al. 2020).
 *
 * @param temperature divisor of the logits; 0 for greedy decoding
 * @param topP keeps the most probable tokens whose probabilities sum to at least this; 1 for all
 * @param topK number of most probable tokens to keep; 0 for all
 * @param repetitionPenalty above 1, makes tokens of the sequence so far less probable; 1 for none
 * @param seed the same seed samples the same tokens
 */
public record SamplingOptions(double temperature, double topP, int topK, double repetitionPenalty, long seed) {
    /** Greedy decoding: always the most probable token. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 1, 0, 1, 0);

    /** @throws BadInputException if a parameter is out of range */
    public SamplingOptions {
        require(temperature >= 0 && temperature <= 100, "temperature", temperature, "from 0 to 100");
        require(topP > 0 && topP <= 1, "top-p", topP, "above 0, up to 1");
        require(topK >= 0, "top-k", topK, "0 or more");
        require(
                repetitionPenalty > 0 && repetitionPenalty <= 100,
                "repetition penalty",
                repetitionPenalty,
                "above 0, up to 100");
    }

    private static void require(boolean holds, String what, Number value, String range) {
        if (!holds) {
            throw new BadInputException("the " + what + " is " + value + " and must be " + range);
        }
    }

    /** The parameters as reports print them: {@code greedy}, or temperature, filters and seed. */
    @Override
    public String toString() {
        String penalty = repetitionPenalty == 1 ? "" : ", repetition penalty " + repetitionPenalty;
        if (temperature == 0) {
            return "greedy" + penalty;
        }
        return "temperature " + temperature + (topP == 1 ? "" : ", top-p " + topP)
                + (topK == 0 ? "" : ", top-k " + topK) + penalty + ", seed " + seed;
    }

    /** Sampling from all tokens at a temperature. */
    public static SamplingOptions at(double temperature, long seed) {
        return new SamplingOptions(temperature, 1, 0, 1, seed);
    }

    public SamplingOptions withSeed(long newSeed) {
        return new SamplingOptions(temperature, topP, topK, repetitionPenalty, newSeed);
    }

    public SamplingOptions withTopP(double newTopP) {
        return new SamplingOptions(temperature, newTopP, topK, repetitionPenalty, seed);
    }

    public SamplingOptions withTopK(int newTopK) {
        return new SamplingOptions(temperature, topP, newTopK, repetitionPenalty, seed);
    }

    public SamplingOptions withRepetitionPenalty(double newPenalty) {
        return new SamplingOptions(temperature, topP, topK, newPenalty, seed);
    }
}
