package org.llava4j.model.config;

import java.util.Map;
import java.util.Set;

/**
 * Model families by the {@code model_type} of transformers and LLaVA: the supported ones, and names of others for error
 * messages.
 */
final class ModelFamily {
    /** Decoders with LLaMA's architecture. */
    static final Set<String> DECODERS = Set.of("llama", "mistral");

    /** CLIP vision towers. */
    static final Set<String> TOWERS = Set.of("clip_vision_model");

    /** Decoders whose keys are at the top level of the file, LLaVA's included. */
    static final Set<String> FLAT_DECODERS = Set.of("llama", "mistral", "llava", "llava_llama", "llava_mistral");

    /** Whole models: a bare decoder, vision tower or CLIP, and LLaVA in both layouts. */
    private static final Set<String> WHOLE =
            Set.of("llama", "mistral", "clip", "clip_vision_model", "llava", "llava_llama", "llava_mistral");

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("bunny-llama", "Bunny"),
            Map.entry("blip-2", "BLIP-2"),
            Map.entry("chatglm", "ChatGLM"),
            Map.entry("clip", "CLIP"),
            Map.entry("clip_vision_model", "CLIP"),
            Map.entry("cogvlm", "CogVLM"),
            Map.entry("falcon", "Falcon"),
            Map.entry("gemma", "Gemma"),
            Map.entry("gemma2", "Gemma 2"),
            Map.entry("gemma3", "Gemma 3"),
            Map.entry("gemma3_text", "Gemma 3"),
            Map.entry("granite", "Granite"),
            Map.entry("idefics2", "Idefics2"),
            Map.entry("idefics3", "Idefics3"),
            Map.entry("instructblip", "InstructBLIP"),
            Map.entry("internvl_chat", "InternVL"),
            Map.entry("llama4", "Llama 4"),
            Map.entry("llava_mpt", "LLaVA-MPT"),
            Map.entry("llava_next", "LLaVA-NeXT"),
            Map.entry("llava_next_video", "LLaVA-NeXT-Video"),
            Map.entry("llava_onevision", "LLaVA-OneVision"),
            Map.entry("llava_qwen", "LLaVA with a Qwen decoder"),
            Map.entry("minicpmv", "MiniCPM-V"),
            Map.entry("mistral3", "Mistral 3"),
            Map.entry("mixtral", "Mixtral"),
            Map.entry("mllama", "Llama 3.2 Vision"),
            Map.entry("opt", "OPT"),
            Map.entry("paligemma", "PaliGemma"),
            Map.entry("phi", "Phi"),
            Map.entry("phi3", "Phi-3"),
            Map.entry("phi3_v", "Phi-3 Vision"),
            Map.entry("pixtral", "Pixtral"),
            Map.entry("qwen2", "Qwen2"),
            Map.entry("qwen2_vl", "Qwen2-VL"),
            Map.entry("qwen2_5_vl", "Qwen2.5-VL"),
            Map.entry("qwen3", "Qwen3"),
            Map.entry("qwen3_vl", "Qwen3-VL"),
            Map.entry("siglip", "SigLIP"),
            Map.entry("siglip_vision_model", "SigLIP"),
            Map.entry("smollm3", "SmolLM3"),
            Map.entry("smolvlm", "SmolVLM"),
            Map.entry("stablelm", "StableLM"),
            Map.entry("video_llava", "Video-LLaVA"),
            Map.entry("vipllava", "ViP-LLaVA"));

    private ModelFamily() {}

    /** @throws org.llava4j.data.BadInputException if the model's family is not supported */
    static void requireSupportedModel(ConfigJson json) {
        requireSupported(json, WHOLE, "model", "give a LLaVA, LLaMA or CLIP folder");
    }

    /**
     * Checks the family of a model or submodel.
     *
     * @param supported supported values of {@code model_type}; a missing key is accepted
     * @param part what the config describes, such as "decoder"
     * @param remedy end of the error message: what to do
     * @throws org.llava4j.data.BadInputException if the family is not supported
     */
    static void requireSupported(ConfigJson json, Set<String> supported, String part, String remedy) {
        String type = json.text("model_type", "");
        if (!type.isEmpty() && !supported.contains(type)) {
            String name = NAMES.containsKey(type) ? "a " + NAMES.get(type) + " " + part : "an unknown kind of " + part;
            throw json.error("model_type", "is " + type + ": " + name + ", which LLaVA4J does not support; " + remedy);
        }
    }
}
