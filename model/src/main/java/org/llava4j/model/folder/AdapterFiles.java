package org.llava4j.model.folder;

import java.nio.file.Path;

/**
 * PEFT's layout of an adapter, with the file that LLaVA puts beside it:
 *
 * <pre>
 * adapter_config.json              rank, alpha, dropout, targets
 * adapter_model.safetensors        A and B of each target
 * non_lora_trainables.safetensors  what else learned: the projector
 * config.json                      the LLaVA that it makes of its base
 * tokenizer.model, ...             the base's: where there are tokens around an image, they say which
 * </pre>
 */
public final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String MODEL = "adapter_model";
    static final String NON_LORA_TRAINABLES = "non_lora_trainables";
    static final String SAFETENSORS = ".safetensors";
    static final String TORCH = ".bin";

    /** What PEFT's wrappers put in front of a model's names. */
    static final String PREFIX = "base_model.model.";

    private AdapterFiles() {}

    /**
     * The hash by which an adapter knows its base: over the decoder's weights, whatever file format they are in. The
     * projector is no part of it, since the adapter has its own.
     */
    public static String baseHash(Path base) {
        try (NamedWeights weights = NamedWeights.open(base)) {
            return weights.sha256(name -> !NamedWeights.isLlavaOnly(name));
        }
    }
}
