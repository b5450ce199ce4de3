package org.llava4j.train.tiny;

import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/** The shapes of the tiny model: LLaVA's in everything but size. */
final class TinySizes {
    static final int VOCABULARY = 600;
    static final int WIDTH = 128;
    static final int HEADS = 4;
    static final int DECODER_LAYERS = 4;
    static final int DECODER_MLP = 344;
    static final int MAX_LENGTH = 256;

    /** The last layer is not used by LLaVA (the feature is the state before it), nor does it learn here. */
    static final ClipConfig VISION = new ClipConfig(WIDTH, 5, HEADS, 4 * WIDTH, 64, 16, 1e-5);

    /** While the tower learns, a small reader behind it writes the labels; it is thrown away. */
    private static final int READER_LAYERS = 2;

    private TinySizes() {}

    static LlamaConfig decoder() {
        return decoder(DECODER_LAYERS);
    }

    private static LlamaConfig decoder(int layers) {
        return new LlamaConfig(VOCABULARY, WIDTH, layers, HEADS, HEADS, DECODER_MLP, 1e-5, 10000, 1, false);
    }

    /** Tower and reader as one LLaVA, to learn by writing labels. */
    static LlavaConfig towerAndReader() {
        return new LlavaConfig(
                VISION,
                decoder(READER_LAYERS),
                ProjectorType.LINEAR,
                -2,
                SelectFeature.PATCH,
                MAX_LENGTH,
                false,
                false);
    }
}
