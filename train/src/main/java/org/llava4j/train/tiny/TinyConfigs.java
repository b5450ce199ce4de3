package org.llava4j.train.tiny;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.config.LlamaConfig;

/** The tiny base's JSON files, as Hugging Face and LLaVA write theirs. */
final class TinyConfigs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TinyConfigs() {}

    static String model() {
        LlamaConfig decoder = TinySizes.decoder();
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add("LlavaLlamaForCausalLM");
        config.put("model_type", "llava_llama");
        config.put("vocab_size", decoder.vocabSize());
        config.put("hidden_size", decoder.hiddenSize());
        config.put("intermediate_size", decoder.intermediateSize());
        config.put("num_hidden_layers", decoder.layers());
        config.put("num_attention_heads", decoder.heads());
        config.put("num_key_value_heads", decoder.kvHeads());
        config.put("hidden_act", "silu");
        config.put("rms_norm_eps", decoder.rmsNormEps());
        config.put("rope_theta", decoder.ropeTheta());
        config.put("max_position_embeddings", TinySizes.MAX_LENGTH);
        config.put("tie_word_embeddings", decoder.tiedEmbeddings());
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        config.put("torch_dtype", "float16");
        config.put("mm_vision_tower", "vision_tower");
        config.put("mm_hidden_size", TinySizes.VISION.hiddenSize());
        config.put("mm_projector_type", "linear");
        config.put("mm_vision_select_layer", -2);
        config.put("mm_vision_select_feature", "patch");
        config.put("mm_use_im_start_end", false);
        config.put("tokenizer_model_max_length", TinySizes.MAX_LENGTH);
        config.put("tokenizer_padding_side", "right");
        return config.toPrettyString() + "\n";
    }

    static String tower() {
        ClipConfig vision = TinySizes.VISION;
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add("CLIPVisionModel");
        config.put("model_type", "clip_vision_model");
        config.put("hidden_size", vision.hiddenSize());
        config.put("num_hidden_layers", vision.layers());
        config.put("num_attention_heads", vision.heads());
        config.put("intermediate_size", vision.intermediateSize());
        config.put("image_size", vision.imageSizePx());
        config.put("patch_size", vision.patchSizePx());
        config.put("num_channels", 3);
        config.put("hidden_act", "quick_gelu");
        config.put("layer_norm_eps", vision.layerNormEps());
        config.put("torch_dtype", "float16");
        return config.toPrettyString() + "\n";
    }

    static String preprocessor() {
        ClipPreprocessing clip = ClipPreprocessing.clip(TinySizes.VISION.imageSizePx());
        ObjectNode config = JSON.createObjectNode();
        config.put("image_processor_type", "CLIPImageProcessor");
        config.put("do_resize", true);
        config.put("do_center_crop", true);
        config.put("do_rescale", true);
        config.put("do_normalize", true);
        config.put("do_convert_rgb", true);
        config.put("resample", 3);
        config.put("rescale_factor", 1 / 255.0);
        config.putObject("size").put("shortest_edge", clip.shortestEdgePx());
        config.putObject("crop_size").put("height", clip.cropPx()).put("width", clip.cropPx());
        config.set("image_mean", JSON.valueToTree(clip.mean()));
        config.set("image_std", JSON.valueToTree(clip.std()));
        return config.toPrettyString() + "\n";
    }
}
