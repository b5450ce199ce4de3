package org.llava4j.model.generate;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededHash;
import org.llava4j.model.schema.JsonSchema;

/**
 * Options of text generation.
 *
 * @param sampling how each token is chosen
 * @param maxNewTokens maximum number of generated tokens; fewer if the context length is reached
 * @param stops texts that end the answer and are not part of it, in addition to the conversation template's own
 * @param topLogprobs for each token, the number of most probable tokens whose log-probabilities are recorded beside its
 *     own; {@link #NO_LOGPROBS} to record none
 * @param schema the answer is JSON that fits it, however many tokens it may have, and ends where the JSON ends: neither
 *     stop texts nor the conversation template's own apply; null for any text
 */
public record DecodingOptions(
        SamplingOptions sampling,
        int maxNewTokens,
        List<String> stops,
        int topLogprobs,
        @Nullable JsonSchema schema) {
    /** Value of {@code topLogprobs} without log-probabilities. */
    public static final int NO_LOGPROBS = -1;

    /** @throws BadInputException if a stop text is empty or beside a schema, or {@code maxNewTokens} is below 1 */
    public DecodingOptions {
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new BadInputException("a stop text is empty; remove it");
        }
        if (schema != null && !stops.isEmpty()) {
            throw new BadInputException(
                    "stop texts would cut the JSON of a schema, whose end ends the answer; remove one of them");
        }
        if (topLogprobs < NO_LOGPROBS) {
            throw new BadInputException("top logprobs is " + topLogprobs + " and must be 0 or more");
        }
        if (maxNewTokens < 1) {
            throw new BadInputException("max new tokens is " + maxNewTokens + " and must be at least 1");
        }
    }

    /** Options without log-probabilities and schema. */
    public DecodingOptions(SamplingOptions sampling, int maxNewTokens, List<String> stops) {
        this(sampling, maxNewTokens, stops, NO_LOGPROBS);
    }

    /** Options without a schema. */
    public DecodingOptions(SamplingOptions sampling, int maxNewTokens, List<String> stops, int topLogprobs) {
        this(sampling, maxNewTokens, stops, topLogprobs, null);
    }

    /** The options as reports print them. */
    @Override
    public String toString() {
        return sampling + ", at most " + maxNewTokens + " tokens" + (stops.isEmpty() ? "" : ", until " + stops)
                + (schema == null ? "" : ", JSON of the schema " + schema);
    }

    /** Greedy decoding: always the most probable token. */
    public static DecodingOptions greedy(int maxNewTokens) {
        return new DecodingOptions(SamplingOptions.GREEDY, maxNewTokens, List.of());
    }

    /** These options with another choice of tokens. */
    public DecodingOptions withSampling(SamplingOptions newSampling) {
        return new DecodingOptions(newSampling, maxNewTokens, stops, topLogprobs, schema);
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
        return new DecodingOptions(sampling, maxNewTokens, newStops, topLogprobs, schema);
    }

    /** These options with the log-probabilities of so many alternatives of each token. */
    public DecodingOptions withTopLogprobs(int newTopLogprobs) {
        return new DecodingOptions(sampling, maxNewTokens, stops, newTopLogprobs, schema);
    }

    /** A copy whose answers are JSON that fits a schema; null for any text. */
    public DecodingOptions withSchema(@Nullable JsonSchema newSchema) {
        return new DecodingOptions(sampling, maxNewTokens, stops, topLogprobs, newSchema);
    }
}
