package org.llava4j.model.config;

import org.llava4j.data.BadInputException;

/**
 * Largest sizes that a model config may have. They are far above those of published models, so that only a damaged or
 * hostile config reaches them: it is rejected before a graph is built or memory is allocated.
 */
public final class SizeLimits {
    static final int HIDDEN_SIZE = 1 << 16;
    static final int LAYERS = 1 << 8;
    static final int INTERMEDIATE_SIZE = 1 << 20;
    static final int VOCABULARY = 1 << 22;
    static final int IMAGE_SIZE_PX = 1 << 11;
    static final int PATCHES = 1 << 16;

    /** Tokens of a sequence; also bounds the text that is encoded before its tokens are counted. */
    static final int CONTEXT_LENGTH = 1 << 24;

    /** Largest base of the rotary frequencies. */
    static final double ROPE_THETA = 1e12;

    /** 2.2e12 parameters, more than five times those of the largest published LLaMA. */
    private static final long PARAMETERS = 1L << 41;

    private SizeLimits() {}

    /**
     * Checks a context length that a model is written with, so that it can be read again.
     *
     * @param key of the value in messages
     * @throws BadInputException if it is not positive or above the limit
     */
    public static void requireContextLength(String key, int value) {
        if (value < 1 || value > CONTEXT_LENGTH) {
            throw new BadInputException(
                    "\"" + key + "\" is " + value + ", but a model's context length is 1 to " + CONTEXT_LENGTH);
        }
    }

    /** @throws BadInputException if the sizes, each within its limit, multiply to too many parameters */
    static void requireParameters(ConfigJson json, long parameters) {
        if (parameters > PARAMETERS) {
            throw json.error(
                    "num_hidden_layers",
                    "and the other sizes make " + parameters + " parameters, more than any model that LLaVA4J"
                            + " supports; use the config.json that came with the weights");
        }
    }
}
