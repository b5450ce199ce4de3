package org.llava4j.eval.tiny;

import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;

/** Configuration of the tiny model: LLaVA's architecture at a small size. */
final class TinyModelConfig {
    static final int VOCABULARY_SIZE = 800;
    static final int HIDDEN_SIZE = 128;
    static final int VISION_HEADS = 4;

    /** Eight narrow heads need half the steps of four wide ones to look up an option. */
    static final int DECODER_HEADS = 8;

    static final int DECODER_LAYERS = 4;
    static final int DECODER_MLP = 344;
    static final int MAX_LENGTH = 256;

    /** The last layer is unused by LLaVA, whose features are the states before it, and is not trained here. */
    static final ClipConfig VISION = new ClipConfig(HIDDEN_SIZE, 5, VISION_HEADS, 4 * HIDDEN_SIZE, 64, 16, 1e-5);

    private TinyModelConfig() {}

    static LlamaConfig decoder() {
        return new LlamaConfig(
                VOCABULARY_SIZE,
                HIDDEN_SIZE,
                DECODER_LAYERS,
                DECODER_HEADS,
                DECODER_HEADS,
                DECODER_MLP,
                1e-5,
                10000,
                1,
                false);
    }

    /** Configuration of the demo's base model. */
    static LlavaConfig llava() {
        return LlavaConfig.withDefaults(VISION, decoder(), MAX_LENGTH);
    }
}
