package org.llava4j.model.generate;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.SeededHash;

/**
 * How an answer is made.
 *
 * @param sampling how each token is chosen
 * @param maxNewTokens longest answer; shorter where the model has no positions for it
 * @param stops texts that end an answer and are no part of it, beside the template's own
 */
public record DecodingOptions(SamplingOptions sampling, int maxNewTokens, List<String> stops) {

    /** @throws BadInputException if a stop is empty, or no token is wanted */
    public DecodingOptions {
        stops = List.copyOf(stops);
        if (stops.contains("")) {
            throw new BadInputException("an empty text cannot stop an answer; leave it out");
        }
        if (maxNewTokens < 1) {
            throw new BadInputException("an answer of " + maxNewTokens + " tokens is wanted; ask for 1 or more");
        }
    }

    /** As a report has it. */
    @Override
    public String toString() {
        return sampling + ", at most " + maxNewTokens + " tokens" + (stops.isEmpty() ? "" : ", until " + stops);
    }

    /** The likeliest token, always. */
    public static DecodingOptions greedy(int maxNewTokens) {
        return new DecodingOptions(SamplingOptions.GREEDY, maxNewTokens, List.of());
    }

    public DecodingOptions withSampling(SamplingOptions newSampling) {
        return new DecodingOptions(newSampling, maxNewTokens, stops);
    }

    /** The same drawing with a seed of its own, made of the given one and a name: whenever that is asked. */
    public DecodingOptions seededFor(String name) {
        return withSampling(sampling.withSeed(SeededHash.bits(sampling.seed(), name, "answer")));
    }

    public DecodingOptions withStops(List<String> newStops) {
        return new DecodingOptions(sampling, maxNewTokens, newStops);
    }
}
