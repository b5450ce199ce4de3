package org.llava4j.eval.realsize;

import java.util.Arrays;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.weights.WeightDtype;

/**
 * LLaVA configuration with the dimensions of a published model: LLaMA 7B or 13B, or TinyLlama, CLIP ViT-L/14, linear
 * projector.
 *
 * @param textTokens number of text tokens of the forward pass, after the image tokens
 * @param shardBytes maximum size of a weight file
 */
record PublishedModelSize(String name, LlavaConfig config, int textTokens, long shardBytes) {
    private static final int MAX_LENGTH = 2048;
    private static final int BYTES_16_BIT = 2;
    private static final ClipConfig CLIP_LARGE = new ClipConfig(1024, 24, 16, 4096, 224, 14, 1e-5);

    private static final PublishedModelSize[] ALL = {
        new PublishedModelSize(
                "1b",
                config(CLIP_LARGE, new LlamaConfig(32000, 2048, 22, 32, 4, 5632, 1e-5, 10000, 1, false)),
                64,
                10_000_000_000L),
        new PublishedModelSize("7b", config(CLIP_LARGE, llama(32000, 4096, 32, 32, 11008)), 64, 10_000_000_000L),
        new PublishedModelSize("13b", config(CLIP_LARGE, llama(32000, 5120, 40, 40, 13824)), 64, 10_000_000_000L),
        new PublishedModelSize(
                "small",
                config(new ClipConfig(64, 3, 4, 256, 56, 14, 1e-5), llama(1000, 128, 2, 4, 344)),
                16,
                1_000_000)
    };

    private static LlamaConfig llama(int vocabSize, int hiddenSize, int layers, int heads, int intermediateSize) {
        return new LlamaConfig(vocabSize, hiddenSize, layers, heads, heads, intermediateSize, 1e-6, 10000, 1, false);
    }

    private static LlavaConfig config(ClipConfig vision, LlamaConfig decoder) {
        return LlavaConfig.withDefaults(vision, decoder, MAX_LENGTH);
    }

    static PublishedModelSize named(String name) {
        return Arrays.stream(ALL)
                .filter(size -> size.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "--size " + name + " is unknown; use 7b, 13b, 1b, or small to try the command"));
    }

    /** Sequence length of the forward pass: image tokens plus text tokens. */
    int sequenceLength() {
        return config.numImageTokens() + textTokens;
    }

    long parameters() {
        return Llava.weightShapes(config).values().stream()
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, Math::multiplyExact))
                .sum();
    }

    long bytes16Bit() {
        return parameters() * BYTES_16_BIT;
    }

    /** Bytes of all weights in memory, with their matrices in a 16-bit or quantized dtype. */
    long bytes(WeightDtype dtype) {
        return Llava.weightShapes(config).entrySet().stream()
                .mapToLong(weight -> dtype.bytes(weight.getKey(), weight.getValue()))
                .sum();
    }
}
