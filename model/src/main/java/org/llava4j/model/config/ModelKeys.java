package org.llava4j.model.config;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.ON;
import static org.llava4j.data.config.ConfigKeys.ONE;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import org.llava4j.data.config.ConfigKeys;

/**
 * The keys of every {@code config.json} that is read here: which change the result and are honoured, which change
 * nothing, and which are refused because what they switch on is not implemented.
 */
final class ModelKeys {
    private static final String NOT_IMPLEMENTED = "LLaVA4J does not implement it; use a model without it";

    private static final String ZERO_DROPOUT = "this dropout is not applied here; set it to 0";

    /** Keys of every transformers config. Those of generation are defaults of generate(), which only flags set here. */
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
                    OFF,
                    "LLaVA4J reads weights in float32, float16 and bfloat16 only; use the model before quantization",
                    "quantization_config",
                    "quantize_config",
                    "compression_config")
            .build();

    /** A LLaMA, and a Mistral, which is a LLaMA with a sliding window. */
    static final ConfigKeys DECODER = PRETRAINED
            .extend()
            .read("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
            .read("intermediate_size", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "head_dim")
            .read("tie_word_embeddings", "max_position_embeddings", "sliding_window")
            .ignored("pretraining_tp", "max_sequence_length", "max_window_layers", "original_max_position_embeddings")
            .only(text("silu"), "LLaMA's MLP has silu; use a model with it", "hidden_act", "hidden_activation")
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
            .only(
                    ModelKeys::allRotated,
                    "here every layer rotates queries and keys; use a model that does",
                    "no_rope_layers")
            .only(
                    ModelKeys::allFull,
                    "here every layer attends to all tokens before; use a model that does",
                    "layer_types")
            .build();

    /** The object that says how positions are rotated. */
    static final ConfigKeys ROPE = ConfigKeys.builder()
            .read("type", "rope_type", "factor", "rope_theta")
            // Belong to types that are refused; the others do not read them.
            .ignored("original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "finetuned")
            .ignored("low_freq_factor", "high_freq_factor", "short_factor", "long_factor", "mscale", "mscale_all_dim")
            .only(ONE, NOT_IMPLEMENTED, "partial_rotary_factor")
            .only(OFF, NOT_IMPLEMENTED, "mrope_section")
            .build();

    /** A LLaVA in the layout of the published code: its keys beside its decoder's. */
    static final ConfigKeys LLAVA = DECODER.extend()
            .read("mm_vision_tower", "mm_hidden_size", "mm_projector_type", "mm_vision_select_layer")
            .read("mm_vision_select_feature", "mm_use_im_start_end", "mm_use_im_patch_token", "image_aspect_ratio")
            .read("tokenizer_model_max_length", "tokenizer_padding_side", "unfreeze_mm_vision_tower")
            .read(ChatFormat.CONV_MODE, ChatFormat.IMAGE_FIRST)
            // How it was trained, or how pictures are cut that no accepted image_aspect_ratio cuts.
            .ignored("tune_mm_mlp_adapter", "freeze_mm_mlp_adapter", "tune_mm_vision_resampler", "tune_vision_tower")
            .ignored("freeze_mm_vision_resampler", "tune_entire_model", "tune_mm_vision_tower", "mm_tunable_parts")
            .ignored("mm_projector_lr", "mm_vision_tower_lr", "mm_resampler_lr", "freeze_backbone", "lora_enable")
            .ignored("pretrain_mm_mlp_adapter", "delay_load", "vision_tower_pretrained", "image_grid_pinpoints")
            .ignored("image_crop_resolution", "image_split_resolution", "image_seq_length", "ignore_index")
            .ignored("mm_spatial_pool_mode", "s2_scales", "s2_split_size", "s2_resize_to_split_size")
            .ignored("mm_newline_position", "add_time_instruction", "force_sample", "add_faster_video")
            .ignored("faster_token_stride", "pos_skipping_range")
            .only(ON, "every LLaVA here has a projector; set it to true or leave it out", "use_mm_proj")
            .only(text("flat"), "only flat is implemented: the tokens of an image in one row", "mm_patch_merge_type")
            .only(ONE, "image tokens are not pooled here; use a model without it", "mm_spatial_pool_stride")
            .only(OFF, NOT_IMPLEMENTED, "mm_resampler_type", "mm_spatial_pool_out_channels", "s2", "use_s2")
            .only(OFF, NOT_IMPLEMENTED, "mm_dense_connector_type", "use_pos_skipping", "sep_image_conv_front")
            .build();

    /** A LLaVA in the layout of transformers: its own keys, with our additions. */
    static final ConfigKeys LLAVA_HF = PRETRAINED
            .extend()
            .read("text_config", "vision_config", "image_token_index", "image_token_id", "vision_feature_layer")
            .read("vision_feature_select_strategy", "image_aspect_ratio")
            .read("tokenizer_model_max_length", "tokenizer_padding_side")
            .read(ChatFormat.CONV_MODE, ChatFormat.IMAGE_FIRST)
            .ignored("ignore_index", "image_seq_length", "vocab_size", "max_position_embeddings", "hidden_size")
            .only(text("gelu"), "the projector has gelu here; use a model with it", "projector_hidden_act")
            .only(ON, "the projector has biases here; use a model with them", "multimodal_projector_bias")
            .build();

    /** A CLIP vision tower. */
    static final ConfigKeys CLIP_VISION = PRETRAINED
            .extend()
            .read("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "image_size")
            .read("patch_size", "layer_norm_eps")
            .ignored("projection_dim", "initializer_factor", "vocab_size", "max_position_embeddings")
            .ignored("logit_scale_init_value", "has_pre_transformation", "vision_use_head")
            .only(text("quick_gelu"), "CLIP's MLP has quick_gelu; use a tower with it", "hidden_act")
            .only(value -> value.asInt() == 3, "images have 3 channels here; use a tower for them", "num_channels")
            .only(OFF, ZERO_DROPOUT, "dropout", "attention_dropout")
            .build();

    /** A whole CLIP, of which the vision half is read. */
    static final ConfigKeys CLIP = PRETRAINED
            .extend()
            .read("vision_config")
            .ignored("text_config", "text_config_dict", "vision_config_dict", "projection_dim")
            .ignored("logit_scale_init_value", "initializer_factor")
            .build();

    private ModelKeys() {}

    /** A list with 1 for each layer that rotates. */
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
