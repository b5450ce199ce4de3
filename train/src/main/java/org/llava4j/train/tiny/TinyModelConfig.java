package org.llava4j.train.tiny;

import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/** The shapes of the tiny model: LLaVA's in everything but size. */
final class TinyModelConfig {
    static final int VOCABULARY_SIZE = 800;
    static final int HIDDEN_SIZE = 128;
    static final int VISION_HEADS = 4;

    /** Eight narrow heads learn to look up an option in half the steps that four wide ones need. */
    static final int DECODER_HEADS = 8;

    static final int DECODER_LAYERS = 4;
    static final int DECODER_MLP = 344;
    static final int MAX_LENGTH = 256;

    /** The last layer is not used by LLaVA (the feature is the state before it), nor does it learn here. */
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

    /** What the demo begins with. */
    static LlavaConfig whole() {
        return new LlavaConfig(
                VISION, decoder(), ProjectorType.LINEAR, -2, SelectFeature.PATCH, MAX_LENGTH, false, false);
    }
}
