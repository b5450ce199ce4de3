package org.llava4j.model.config;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.ON;
import static org.llava4j.data.config.ConfigKeys.ONE;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import org.llava4j.data.config.ConfigKeys;

/**
 * Known keys of {@code config.json} files: those that are read, those that have no effect on the result, and those that
 * are accepted only with the value that disables an unsupported feature.
 */
final class ModelKeys {
    private static final String NOT_IMPLEMENTED = "LLaVA4J does not implement it; use a model without it";

    private static final String ZERO_DROPOUT = "LLaVA4J does not apply this dropout; set it to 0";

    /**
     * Keys of every transformers config. Generation keys are defaults of generate(), which LLaVA4J takes from flags.
     */
    private static final ConfigKeys PRETRAINED = ConfigKeys.builder()
            .ignored("return_dict", "output_hidden_states", "output_attentions", "torchscript", "torch_dtype", "dtype")
            .ignored("use_bfloat16", "tf_legacy_loss", "chunk_size_feed_forward", "is_encoder_decoder", "is_decoder")
            .ignored("tie_encoder_decoder", "max_length", "min_length", "do_sample", "early_stopping", "num_beams")
            .ignored("num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p")
            .ignored("repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size")
            .ignored("bad_words_ids", "num_return_sequences", "output_scores", "return_dict_in_generate")
            .ignored("forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values", "suppress_tokens")
            .ignored("exponential_decay_length_penalty", "begin_suppress_tokens", "architectures", "finetuning_task")
            .ignored("id2label", "label2id", "num_labels", "tokenizer_class", "prefix", "bos_token_id", "pad_token_id")
            .ignored("eos_token_id", "sep_token_id", "decoder_start_token_id", "task_specific_params", "problem_type")
            .ignored("_name_or_path", "name_or_path", "transformers_version", "use_cache", "initializer_range")
            .ignored("attn_implementation", "_attn_implementation", "_attn_implementation_autoset", "_commit_hash")
            .ignored("_flash_attn_2_enabled", "use_flash_attention_2", "use_flash_attn", "tie_word_embeddings")
            .ignored("gradient_checkpointing", "unsloth_version", "unsloth_fixed")
            .read("model_type")
            .only(OFF, NOT_IMPLEMENTED, "pruned_heads", "add_cross_attention", "cross_attention_hidden_size")
            .only(
                    ModelKeys::isReadable,
                    "LLaVA4J reads weights in float32, float16 and bfloat16, and those that its export quantized;"
                            + " use the model before quantization",
                    "quantization_config",
                    "quantize_config",
                    "compression_config")
            .build();

    /** LLaMA, and Mistral, which is LLaMA with a sliding window. */
    static final ConfigKeys DECODER = PRETRAINED
            .extend()
            .read("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
            .read("intermediate_size", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "head_dim")
            .read("tie_word_embeddings", "max_position_embeddings", "sliding_window")
            .ignored("pretraining_tp", "max_sequence_length", "max_window_layers", "original_max_position_embeddings")
            .only(
                    text("silu"),
                    "LLaVA4J supports only silu in the MLP; use a model with it",
                    "hidden_act",
                    "hidden_activation")
            .only(OFF, ZERO_DROPOUT, "attention_dropout", "hidden_dropout", "hidden_dropout_prob", "resid_pdrop")
            .only(OFF, ZERO_DROPOUT, "embd_pdrop", "attn_pdrop", "residual_dropout", "embedding_dropout")
            .only(
                    OFF,
                    NOT_IMPLEMENTED,
                    "attention_bias",
                    "mlp_bias",
                    "qkv_bias",
                    "attention_out_bias",
                    "use_bias",
                    "bias")
            .only(OFF, NOT_IMPLEMENTED, "lm_head_bias", "use_qk_norm", "qk_norm", "qk_layernorm", "use_sliding_window")
            .only(OFF, NOT_IMPLEMENTED, "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar")
            .only(
                    OFF,
                    NOT_IMPLEMENTED,
                    "attention_multiplier",
                    "clip_qkv",
                    "alibi",
                    "parallel_attn",
                    "attention_chunk_size")
            .only(OFF, NOT_IMPLEMENTED, "use_parallel_residual", "rope_interleaved", "num_experts", "num_local_experts")
            .only(OFF, NOT_IMPLEMENTED, "n_routed_experts", "no_rope_layer_interval", "cross_attention_layers")
            .only(ONE, NOT_IMPLEMENTED, "embedding_multiplier", "residual_multiplier", "logits_scaling", "logit_scale")
            .only(ONE, NOT_IMPLEMENTED, "scale_emb", "scale_depth", "partial_rotary_factor", "rotary_pct")
            .only(ModelKeys::allRotated, "LLaVA4J applies RoPE in every layer; use a model that does", "no_rope_layers")
            .only(ModelKeys::allFull, "LLaVA4J supports only full attention; use a model with it", "layer_types")
            .build();

    /** The RoPE object. */
    static final ConfigKeys ROPE = ConfigKeys.builder()
            .read("type", "rope_type", "factor", "rope_theta")
            // Read only by unsupported types.
            .ignored("original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "finetuned")
            .ignored("low_freq_factor", "high_freq_factor", "short_factor", "long_factor", "mscale", "mscale_all_dim")
            .only(ONE, NOT_IMPLEMENTED, "partial_rotary_factor")
            .only(OFF, NOT_IMPLEMENTED, "mrope_section")
            // Settings of each kind of layer, which replace the others.
            .only(OFF, "LLaVA4J applies the same RoPE in all layers; use a model that does", "full_attention")
            .only(OFF, "LLaVA4J supports only full attention; use a model with it", "sliding_attention")
            .build();

    /** LLaVA in its original layout: its keys in addition to its decoder's. */
    static final ConfigKeys LLAVA = DECODER.extend()
            .read("mm_vision_tower", "mm_hidden_size", "mm_projector_type", "mm_vision_select_layer")
            .read("mm_vision_select_feature", "mm_use_im_start_end", "mm_use_im_patch_token", "image_aspect_ratio")
            .read("tokenizer_model_max_length", "tokenizer_padding_side", "unfreeze_mm_vision_tower")
            .read(ChatFormat.CONV_MODE, ChatFormat.IMAGE_FIRST)
            // Training settings, and settings of image splitting, which no supported image_aspect_ratio uses.
            .ignored("tune_mm_mlp_adapter", "freeze_mm_mlp_adapter", "tune_mm_vision_resampler", "tune_vision_tower")
            .ignored("freeze_mm_vision_resampler", "tune_entire_model", "tune_mm_vision_tower", "mm_tunable_parts")
            .ignored("mm_projector_lr", "mm_vision_tower_lr", "mm_resampler_lr", "freeze_backbone", "lora_enable")
            .ignored("pretrain_mm_mlp_adapter", "delay_load", "vision_tower_pretrained", "image_grid_pinpoints")
            .ignored("image_crop_resolution", "image_split_resolution", "image_seq_length", "ignore_index")
            .ignored("mm_spatial_pool_mode", "s2_scales", "s2_split_size", "s2_resize_to_split_size")
            .ignored("mm_newline_position", "add_time_instruction", "force_sample", "add_faster_video")
            .ignored("faster_token_stride", "pos_skipping_range")
            .only(ON, "LLaVA4J requires a projector; set it to true or remove it", "use_mm_proj")
            .only(text("flat"), "LLaVA4J supports only flat", "mm_patch_merge_type")
            .only(ONE, "LLaVA4J does not pool image tokens; use a model without it", "mm_spatial_pool_stride")
            .only(OFF, NOT_IMPLEMENTED, "mm_resampler_type", "mm_spatial_pool_out_channels", "s2", "use_s2")
            .only(OFF, NOT_IMPLEMENTED, "mm_dense_connector_type", "use_pos_skipping", "sep_image_conv_front")
            .build();

    /** LLaVA in llava-hf layout, with LLaVA4J's additions. */
    static final ConfigKeys LLAVA_HF = PRETRAINED
            .extend()
            .read("text_config", "vision_config", "image_token_index", "image_token_id", "vision_feature_layer")
            .read("vision_feature_select_strategy", "image_aspect_ratio", "tie_word_embeddings")
            .read("tokenizer_model_max_length", "tokenizer_padding_side")
            .read(ChatFormat.CONV_MODE, ChatFormat.IMAGE_FIRST)
            .ignored("ignore_index", "image_seq_length", "vocab_size", "max_position_embeddings", "hidden_size")
            .only(
                    text("gelu"),
                    "LLaVA4J supports only gelu in the projector; use a model with it",
                    "projector_hidden_act")
            .only(ON, "LLaVA4J requires projector biases; use a model with them", "multimodal_projector_bias")
            .build();

    /** CLIP vision tower. */
    static final ConfigKeys CLIP_VISION = PRETRAINED
            .extend()
            .read("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "image_size")
            .read("patch_size", "layer_norm_eps")
            .ignored("projection_dim", "initializer_factor", "vocab_size", "max_position_embeddings")
            .ignored("logit_scale_init_value", "has_pre_transformation", "vision_use_head")
            .only(
                    text("quick_gelu"),
                    "LLaVA4J supports only quick_gelu in the vision tower; use a tower with it",
                    "hidden_act")
            .only(
                    value -> value.asInt() == 3,
                    "LLaVA4J supports only 3 channels; use a tower with them",
                    "num_channels")
            .only(OFF, ZERO_DROPOUT, "dropout", "attention_dropout")
            .build();

    /** Full CLIP, of which the vision model is read. */
    static final ConfigKeys CLIP = PRETRAINED
            .extend()
            .read("vision_config")
            .ignored("text_config", "text_config_dict", "vision_config_dict", "projection_dim")
            .ignored("logit_scale_init_value", "initializer_factor")
            .build();

    private ModelKeys() {}

    /** Whether weights are not quantized, or in LLaVA4J's own format. */
    private static boolean isReadable(JsonNode quantization) {
        return OFF.test(quantization)
                || quantization.path("quant_method").asText().equals("llava4j");
    }

    /** Whether a list has a non-zero entry for each layer, so that RoPE is applied in all. */
    private static boolean allRotated(JsonNode layers) {
        for (JsonNode layer : layers) {
            if (layer.asInt() == 0) {
                return false;
            }
        }
        return layers.isArray();
    }

    private static boolean allFull(JsonNode layers) {
        for (JsonNode layer : layers) {
            if (!layer.asText().equals("full_attention")) {
                return false;
            }
        }
        return layers.isArray();
    }
}
