package org.llava4j.eval.tiny;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.llava4j.data.image.ClipPreprocessing;

/** JSON files of the tiny base model, in the format of Hugging Face and LLaVA. */
final class TinyConfigFiles {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TinyConfigFiles() {}

    static String model() {
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add("LlavaLlamaForCausalLM");
        config.put("model_type", "llava_llama");
        TinyModelConfig.decoder().writeTo(config);
        config.put("max_position_embeddings", TinyModelConfig.MAX_LENGTH);
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        config.put("torch_dtype", "float16");
        config.put("mm_vision_tower", "vision_tower");
        config.put("mm_hidden_size", TinyModelConfig.VISION.hiddenSize());
        config.put("mm_projector_type", "linear");
        config.put("mm_vision_select_layer", -2);
        config.put("mm_vision_select_feature", "patch");
        config.put("mm_use_im_start_end", false);
        config.put("tokenizer_model_max_length", TinyModelConfig.MAX_LENGTH);
        config.put("tokenizer_padding_side", "right");
        return config.toPrettyString() + "\n";
    }

    static String tower() {
        ObjectNode config = JSON.createObjectNode();
        TinyModelConfig.VISION.writeTo(config);
        config.put("torch_dtype", "float16");
        return config.toPrettyString() + "\n";
    }

    static String preprocessor() {
        ClipPreprocessing clip = ClipPreprocessing.clip(TinyModelConfig.VISION.imageSizePx());
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
