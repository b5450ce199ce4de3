package org.llava4j.eval.realsize;

import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;

/** The shapes of LLaVA as it is published, and a small one to try the goal with. */
enum RealSize {
    SEVEN_B("7b", large(), llama(32000, 4096, 32, 32, 11008)),
    THIRTEEN_B("13b", large(), llama(32000, 5120, 40, 40, 13824)),
    SMALL("small", new ClipConfig(64, 3, 4, 256, 56, 14, 1e-5), llama(1000, 128, 2, 4, 344));

    private final String label;
    private final ClipConfig vision;
    private final LlamaConfig decoder;

    RealSize(String label, ClipConfig vision, LlamaConfig decoder) {
        this.label = label;
        this.vision = vision;
        this.decoder = decoder;
    }

    private static ClipConfig large() {
        return new ClipConfig(1024, 24, 16, 4096, 224, 14, 1e-5);
    }

    private static LlamaConfig llama(int vocabulary, int hidden, int layers, int heads, int intermediate) {
        return new LlamaConfig(vocabulary, hidden, layers, heads, heads, intermediate, 1e-6, 10000, 1, false);
    }

    /** @throws BadInputException if there is no such size */
    static RealSize named(String label) {
        return Arrays.stream(values())
                .filter(size -> size.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "--size " + label + " is not known; use 7b, 13b, or small to try the goal"));
    }

    ClipConfig vision() {
        return vision;
    }

    LlamaConfig decoder() {
        return decoder;
    }

    /** The whole model, as in the paper. */
    LlavaConfig config() {
        return new LlavaConfig(vision, decoder, ProjectorType.LINEAR, -2, SelectFeature.PATCH, 2048, false, false);
    }
}
