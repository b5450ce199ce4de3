package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.generate.SamplingOptions.Penalties;

/**
 * Decoding options among a request's fields, the same for all endpoints. {@code top_k}, {@code min_p} and
 * {@code repetition_penalty} are not OpenAI's, but other servers of open models have them. Without a temperature, decoding is
 * greedy.
 */
final class DecodingFields {
    static final int MAX_TOP_LOGPROBS = 20;
    private static final int MAX_STOP_SEQUENCES = 4;
    private static final int MAX_LOGIT_BIASES = 1024;
    private static final Set<String> NAMES = Set.of(
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "repetition_penalty",
            "seed",
            "stop",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias");

    private DecodingFields() {}

    /** The names of these fields and of others. */
    static Set<String> with(String... others) {
        return Stream.concat(NAMES.stream(), Arrays.stream(others)).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Reads the options.
     *
     * @param limit field of the maximum number of tokens
     * @param defaultLimit value of an absent limit; the server's own limits either
     * @param topLogprobs as in {@link DecodingOptions}
     */
    static DecodingOptions of(
            RequestFields fields,
            ServerOptions options,
            int vocabularySize,
            String limit,
            int defaultLimit,
            int topLogprobs) {
        int tokens = fields.integer(limit, 1, Integer.MAX_VALUE, defaultLimit);
        List<String> stops = fields.strings("stop");
        if (stops.size() > MAX_STOP_SEQUENCES || stops.contains("")) {
            throw ApiException.badRequest(
                    "stop", "'stop' may have up to " + MAX_STOP_SEQUENCES + " strings, none of them empty");
        }
        return new DecodingOptions(
                sampling(fields, vocabularySize), Math.min(tokens, options.maxNewTokens()), stops, topLogprobs);
    }

    private static SamplingOptions sampling(RequestFields fields, int vocabularySize) {
        Penalties penalties = new Penalties(
                fields.number("repetition_penalty", 0.01, 100, 1),
                fields.number("frequency_penalty", -2, 2, 0),
                fields.number("presence_penalty", -2, 2, 0));
        // A top_p of 0 means greedy decoding.
        return new SamplingOptions(
                fields.number("temperature", 0, 2, 0),
                Math.max(fields.number("top_p", 0, 1, 1), Double.MIN_NORMAL),
                fields.integer("top_k", 0, Integer.MAX_VALUE, 0),
                fields.number("min_p", 0, 1, 0),
                penalties,
                logitBias(fields, vocabularySize),
                fields.integer("seed", 0));
    }

    private static Map<Integer, Double> logitBias(RequestFields fields, int vocabularySize) {
        if (fields.isAbsent("logit_bias")) {
            return Map.of();
        }
        RequestFields biases = fields.child("logit_bias");
        JsonNode object = biases.object();
        if (object.size() > MAX_LOGIT_BIASES) {
            throw ApiException.badRequest(
                    "logit_bias",
                    "'logit_bias' has " + object.size() + " tokens; give " + MAX_LOGIT_BIASES + " or less");
        }
        Map<Integer, Double> byToken = new HashMap<>();
        object.fieldNames().forEachRemaining(token -> {
            if (!token.matches("\\d{1,9}") || Integer.parseInt(token) >= vocabularySize) {
                throw ApiException.badRequest(
                        "logit_bias",
                        "'logit_bias' names the token '" + token + "'; token ids are 0 to " + (vocabularySize - 1));
            }
            byToken.put(Integer.parseInt(token), biases.number(token, -100, 100, 0));
        });
        return byToken;
    }

    /** The options of choice i of several, which has the request's seed + i. */
    static DecodingOptions ofChoice(DecodingOptions decoding, int choice) {
        SamplingOptions sampling = decoding.sampling();
        return decoding.withSampling(sampling.withSeed(sampling.seed() + choice));
    }
}
