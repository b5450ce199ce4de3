package org.llava4j.model.generate;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededHash;

/**
 * Options of text generation.
 *
 * @param sampling how each token is chosen
 * @param maxNewTokens maximum number of generated tokens; fewer if the context length is reached
 * @param stops texts that end the answer and are not part of it, in addition to the conversation template's own
 * @param topLogprobs for each token, the number of most probable tokens whose log-probabilities are recorded beside its
 *     own; {@link #NO_LOGPROBS} to record none
 */
public record DecodingOptions(SamplingOptions sampling, int maxNewTokens, List<String> stops, int topLogprobs) {
    /** Value of {@code topLogprobs} without log-probabilities. */
    public static final int NO_LOGPROBS = -1;

    /** @throws BadInputException if a stop text is empty, or {@code maxNewTokens} is below 1 */
    public DecodingOptions {
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new BadInputException("a stop text is empty; remove it");
        }
        if (topLogprobs < NO_LOGPROBS) {
            throw new BadInputException("top logprobs is " + topLogprobs + " and must be 0 or more");
        }
        if (maxNewTokens < 1) {
            throw new BadInputException("max new tokens is " + maxNewTokens + " and must be at least 1");
        }
    }

    /** Options without log-probabilities. */
    public DecodingOptions(SamplingOptions sampling, int maxNewTokens, List<String> stops) {
        this(sampling, maxNewTokens, stops, NO_LOGPROBS);
    }

    /** The options as reports print them. */
    @Override
    public String toString() {
        return sampling + ", at most " + maxNewTokens + " tokens" + (stops.isEmpty() ? "" : ", until " + stops);
    }

    /** Greedy decoding: always the most probable token. */
    public static DecodingOptions greedy(int maxNewTokens) {
        return new DecodingOptions(SamplingOptions.GREEDY, maxNewTokens, List.of());
    }

    /** These options with another choice of tokens. */
    public DecodingOptions withSampling(SamplingOptions newSampling) {
        return new DecodingOptions(newSampling, maxNewTokens, stops, topLogprobs);
    }

    /**
     * A copy whose seed is derived from this seed and a name, so that sampling does not depend on the order of
     * requests.
     */
    public DecodingOptions seededFor(String name) {
        return withSampling(sampling.withSeed(SeededHash.bits(sampling.seed(), name, "answer")));
    }

    /** These options with other stop sequences. */
    public DecodingOptions withStops(List<String> newStops) {
        return new DecodingOptions(sampling, maxNewTokens, newStops, topLogprobs);
    }

    /** These options with the log-probabilities of so many alternatives of each token. */
    public DecodingOptions withTopLogprobs(int newTopLogprobs) {
        return new DecodingOptions(sampling, maxNewTokens, stops, newTopLogprobs);
    }
}
