package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.testing.Golden;

/** Every key of a model config is applied, has no effect, is rejected with its value, or is reported as unknown. */
class ModelKeysTest {
    private static final Path TOWER = Golden.path("a_clip56");

    @TempDir
    private Path temp;

    /** A golden config with changes: {@code key=json} pairs separated by {@code ;}, with a dot for nested keys. */
    private Path changed(String golden, String changes) throws IOException {
        ObjectNode json = (ObjectNode) JsonInput.readObject(Golden.path(golden).resolve("config.json"));
        for (String change : changes.split(";")) {
            String[] pair = change.strip().split("=", 2);
            ObjectNode at = json;
            String[] path = pair[0].split("\\.");
            for (int i = 0; i < path.length - 1; i++) {
                at = (ObjectNode) at.get(path[i]);
            }
            String key = path[path.length - 1];
            if (pair.length == 1) {
                at.remove(key);
            } else {
                JsonNode value = JsonInput.tree(pair[1].getBytes(StandardCharsets.UTF_8));
                at.set(key, value);
            }
        }
        Files.writeString(temp.resolve("config.json"), json.toString());
        return temp;
    }

    private void assertRejected(ThrowingCallable read, String... parts) {
        assertThatThrownBy(read)
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(temp.resolve("config.json") + ": \"")
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type=\"granite\" | model_type | granite: a Granite model",
                "model_type=\"gemma\" | model_type | Gemma",
                "model_type=\"smollm3\" | model_type | SmolLM3",
                "model_type=\"qwen2\" | model_type | Qwen2",
                "model_type=\"phi3\" | model_type | Phi-3",
                "model_type=\"thing\" | model_type | thing: an unknown kind of model",
                "model_type=\"qwen2_vl\" | model_type | a Qwen2-VL model, which LLaVA4J does not support",
                "model_type=\"clip\" | model_type | a CLIP model",
                "model_type=\"mistral\";sliding_window=8 | sliding_window | 8 but the context length is 2048",
                "model_type=\"mistral\";max_position_embeddings=8192 | sliding_window | 4096 but the context length is 8192",
                "embedding_multiplier=12 | embedding_multiplier | 12",
                "residual_multiplier=0.22 | residual_multiplier | 0.22",
                "attention_multiplier=0.015 | attention_multiplier | 0.015",
                "logits_scaling=8.0 | logits_scaling | 8.0",
                "no_rope_layers=[1,1,1,0] | no_rope_layers | [1,1,1,0]",
                "layer_types=[\"full_attention\",\"sliding_attention\"] | layer_types | sliding_attention",
                "attention_bias=true | attention_bias | true",
                "mlp_bias=true | mlp_bias | true",
                "attention_dropout=0.1 | attention_dropout | 0.1",
                "hidden_act=\"gelu\" | hidden_act | gelu",
                "head_dim=32 | head_dim | 32",
                "partial_rotary_factor=0.5 | partial_rotary_factor | 0.5",
                "quantization_config={\"quant_method\":\"gptq\"} | quantization_config | gptq",
                "final_logit_softcapping=30.0 | final_logit_softcapping | 30.0",
                "num_local_experts=8 | num_local_experts | 8",
                "rope_scaling={\"type\":\"dynamic\",\"factor\":2.0} | rope_scaling.type | dynamic",
                "rope_scaling={\"rope_type\":\"llama3\",\"factor\":8.0} | rope_scaling.rope_type | llama3",
                "rope_scaling={\"type\":\"linear\",\"rope_type\":\"yarn\",\"factor\":8.0} | rope_scaling.rope_type | yarn",
                "rope_parameters={\"rope_type\":\"longrope\"} | rope_parameters.rope_type | longrope",
                "rope_scaling={\"type\":\"linear\"} | rope_scaling.factor | is missing",
                "rope_scaling={\"type\":\"linear\",\"factor\":-1} | rope_scaling.factor | -1",
                "rope_scaling=\"linear\" | rope_scaling | must be an object",
            })
    void decoderRejectsKeysThatChangeTheResult(String changes, String key, String value) throws IOException {
        Path folder = changed("b_llama", changes);
        assertRejected(() -> LlamaConfig.read(folder), "\"" + key + "\"", value);
        assertRejected(() -> LlavaConfig.read(folder, TOWER), "\"" + key + "\"", value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "attention_bias=null",
                "pretraining_tp=4",
                "head_dim=16",
                "partial_rotary_factor=1.0",
                "embedding_multiplier=1",
                "logits_scaling=1.0",
                "no_rope_layers=[1,1,1,1]",
                "layer_types=[\"full_attention\"]",
                "quantization_config=null",
                "quantization_config={\"quant_method\":\"llava4j\"}",
                "sliding_window=null",
                "sliding_window=4096",
                "model_type=\"mistral\";sliding_window=null",
                "model_type=\"mistral\"",
                "model_type=\"mistral\";sliding_window=2048",
                "rope_scaling={};rope_parameters={}",
                "repetition_penalty=1.2",
            })
    void decoderAcceptsKeysWithoutEffect(String changes) throws IOException {
        Path folder = changed("b_llama", changes);
        assertThat(LlamaConfig.read(folder)).isEqualTo(LlamaConfig.read(Golden.path("b_llama")));
        assertThat(ConfigWarnings.in(folder)).isEmpty();
    }

    /** Expected values from transformers 5.18. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rope_theta=5e5 | 5e5 | 1",
                "rope_theta=5e5;rope_parameters={\"rope_type\":\"default\"} | 5e5 | 1",
                "rope_theta=5e5;rope_parameters={\"rope_type\":\"default\",\"rope_theta\":2e4} | 2e4 | 1",
                "rope_theta;rope_parameters={\"rope_type\":\"linear\",\"factor\":4.0} | 1e4 | 4",
                "rope_scaling={\"type\":\"linear\",\"factor\":2.0} | 1e4 | 2",
                "rope_scaling={\"rope_type\":\"default\",\"type\":\"linear\",\"factor\":2.0} | 1e4 | 1",
                "rope_scaling={\"rope_type\":\"linear\",\"type\":\"dynamic\",\"factor\":2.0} | 1e4 | 2",
                "rope_scaling={\"type\":\"linear\",\"factor\":2.0};rope_parameters={\"rope_theta\":7.0} | 1e4 | 2",
                "rope_scaling={};rope_parameters={\"rope_theta\":7.0} | 7 | 1",
                "rope_scaling={\"factor\":2.0} | 1e4 | 1",
                "rope_scaling={\"type\":\"linear\",\"factor\":2.0,\"rope_theta\":7.0} | 7 | 2",
            })
    void ropeMatchesTransformers(String changes, double theta, double scale) throws IOException {
        LlamaConfig config = LlamaConfig.read(changed("b_llama", changes));
        assertThat(config.ropeTheta()).isEqualTo(theta);
        assertThat(config.ropeScale()).isEqualTo(scale);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type=\"llava_mistral\";sliding_window=512 | sliding_window | 512 but the context length is 2048",
                "model_type=\"llava_qwen\" | model_type | Qwen",
                "model_type=\"llava_next\" | model_type | LLaVA-NeXT",
                "model_type=\"vipllava\" | model_type | ViP-LLaVA",
                "s2=true | s2 | true",
                "mm_resampler_type=\"perceiver\" | mm_resampler_type | perceiver",
                "mm_spatial_pool_stride=2 | mm_spatial_pool_stride | 2",
                "mm_patch_merge_type=\"spatial_unpad\" | mm_patch_merge_type | spatial_unpad",
                "image_aspect_ratio=\"anyres\" | image_aspect_ratio | anyres",
                "quantization_config={\"load_in_8bit\":true} | quantization_config | load_in_8bit",
                "mm_hidden_size=65 | mm_hidden_size | 65",
            })
    void llavaRejectsKeysThatChangeTheResult(String changes, String key, String value) throws IOException {
        Path folder = changed("c_llava_linear", changes);
        assertThatThrownBy(() -> LlavaConfig.read(folder, TOWER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(temp.resolve("config.json") + ": ", key, value)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tune_mm_mlp_adapter=true;mm_projector_lr=2e-5;mm_vision_tower_lr=2e-6",
                "image_grid_pinpoints=[[336,672]];image_crop_resolution=224",
                "s2=false;mm_resampler_type=null;mm_spatial_pool_stride=null",
                "model_type=\"llava_mistral\"",
            })
    void llavaAcceptsKeysWithoutEffect(String changes) throws IOException {
        Path folder = changed("c_llava_linear", changes);
        assertThat(LlavaConfig.read(folder, TOWER)).isEqualTo(LlavaConfig.read(Golden.path("c_llava_linear"), TOWER));
        assertThat(ConfigWarnings.in(folder)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type=\"llava_next\";image_grid_pinpoints=[[336,672]] | model_type | a LLaVA-NeXT model",
                "model_type=\"vipllava\" | model_type | a ViP-LLaVA model",
                "text_config.model_type=\"granite\" | text_config.model_type | a Granite decoder",
                "text_config.model_type=\"mistral\";text_config.sliding_window=9 | text_config.sliding_window | 9",
                "text_config.mlp_bias=true | text_config.mlp_bias | true",
                "vision_config.model_type=\"siglip_vision_model\" | vision_config.model_type | a SigLIP vision tower",
                "vision_config.hidden_act=\"gelu\" | vision_config.hidden_act | gelu",
                "projector_hidden_act=\"relu\" | projector_hidden_act | relu",
                "multimodal_projector_bias=false | multimodal_projector_bias | false",
                "vision_feature_layer=[-2,-5] | vision_feature_layer | [-2,-5]",
                "image_token_id=7 | image_token_id | 7",
                "tokenizer_padding_side=\"both\" | tokenizer_padding_side | both",
            })
    void llavaHfRejectsKeysThatChangeTheResult(String changes, String key, String value) throws IOException {
        Path folder = changed("h_llava_hf", changes);
        assertThatThrownBy(() -> LlavaConfig.read(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(temp.resolve("config.json") + ": ", key, value);
    }

    @Test
    void llavaHfUsesDefaultsOfTransformers() throws IOException {
        LlavaConfig golden = LlavaConfig.read(Golden.path("h_llava_hf"), null);
        assertThat(LlavaConfig.read(changed("h_llava_hf", "image_token_id=319;image_token_index"), null))
                .isEqualTo(golden);
        assertThat(LlavaConfig.read(changed("h_llava_hf", "vision_config={\"hidden_size\":48,\"patch_size\":16}"), null)
                        .vision())
                .isEqualTo(new ClipConfig(48, 12, 12, 3072, 224, 16, 1e-5));
        assertThat(LlavaConfig.read(changed("h_llava_hf", "vision_config"), null)
                        .vision())
                .isEqualTo(new ClipConfig(1024, 24, 16, 4096, 336, 14, 1e-5));
        assertThat(LlavaConfig.read(changed("h_llava_hf", "text_config"), null).decoder())
                .isEqualTo(new LlamaConfig(32000, 4096, 32, 32, 32, 11008, 1e-6, 1e4, 1, false));
        assertThat(LlavaConfig.read(
                                changed(
                                        "h_llava_hf",
                                        "text_config={\"model_type\":\"mistral\",\"max_position_embeddings\":4096}"),
                                null)
                        .decoder())
                .isEqualTo(new LlamaConfig(32000, 4096, 32, 32, 8, 14336, 1e-6, 1e4, 1, false));
        assertThat(LlamaConfig.read(Golden.path("h_llava_hf"))).isEqualTo(golden.decoder());
    }

    @Test
    void flatConfigsUseDefaultsOfTheirType() throws IOException {
        assertThat(LlamaConfig.read(changed("b_llama", "rms_norm_eps;num_key_value_heads")))
                .isEqualTo(LlamaConfig.read(Golden.path("b_llama")));
        Path folder = changed("b_llama", "rms_norm_eps;model_type");
        assertRejected(() -> LlamaConfig.read(folder), "\"rms_norm_eps\" is missing");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hidden_act=\"gelu\" | hidden_act | gelu",
                "num_channels=1 | num_channels | 1",
                "attention_dropout=0.1 | attention_dropout | 0.1",
                "model_type=\"siglip_vision_model\" | model_type | a SigLIP model",
                "model_type=\"llama\" | model_type | vision tower",
            })
    void towerRejectsKeysThatChangeTheResult(String changes, String key, String value) throws IOException {
        Path folder = changed("a_clip56", changes);
        assertRejected(() -> ClipConfig.read(folder), "\"" + key + "\"", value);
    }

    @Test
    void towerUsesDefaultsOfTransformers() throws IOException {
        assertThat(ClipConfig.read(changed("a_clip56", "layer_norm_eps;hidden_act;num_channels")))
                .isEqualTo(ClipConfig.read(Golden.path("a_clip56")));
        Path folder = changed("a_clip56", "patch_size");
        assertThat(LlavaConfig.isClip(folder)).isTrue();
        Files.writeString(
                temp.resolve("config.json"), "{\"model_type\":\"clip\",\"vision_config\":{\"image_size\":64}}");
        assertThat(ClipConfig.read(temp)).isEqualTo(new ClipConfig(768, 12, 12, 3072, 64, 32, 1e-5));
    }

    @Test
    void llavaHfReadsPaddingFromPreprocessor() throws IOException {
        Path folder = changed("h_llava_hf", "image_seq_length=16");
        String preprocessor = Files.readString(TOWER.resolve("preprocessor_config.json"))
                .replace("CLIPImageProcessor", "LlavaImageProcessor");
        Files.writeString(
                folder.resolve("preprocessor_config.json"), preprocessor.replaceFirst("\\{", "{\"do_pad\": true,"));
        assertThat(LlavaConfig.read(folder, null).padToSquare()).isTrue();
        changed("h_llava_hf", "image_aspect_ratio=\"square\"");
        assertRejected(() -> LlavaConfig.read(folder, null), "\"image_aspect_ratio\" is square", "do_pad");
        changed("h_llava_hf", "image_aspect_ratio=\"pad\"");
        assertThat(LlavaConfig.read(folder, null).padToSquare()).isTrue();
    }

    @Test
    void generationConfigReportsSettingsNotApplied() throws IOException {
        Path file = temp.resolve("generation_config.json");
        Files.writeString(file, "{\"eos_token_id\": [2, 7], \"temperature\": 0.2, \"repetition_penalty\": 1.0}");
        assertThat(GenerationConfig.eosIds(temp)).containsExactly(2, 7);
        assertThat(ConfigWarnings.in(file)).isEmpty();
        Files.writeString(file, "{\"repetition_penalty\": 1.3, \"novel\": 1}");
        GenerationConfig.eosIds(temp);
        assertThat(ConfigWarnings.in(file))
                .singleElement()
                .asString()
                .contains("\"repetition_penalty\" 1.3 not applied", "unknown keys novel");
        for (String golden : new String[] {"b_llama", "h_llava_hf", "f_e2e/stage2_out"}) {
            GenerationConfig.eosIds(Golden.path(golden));
            assertThat(ConfigWarnings.in(Golden.path(golden).resolve("generation_config.json")))
                    .isEmpty();
        }
    }

    @Test
    void readRejectsQuantizedFolders() throws IOException {
        Path folder = changed("b_llama", "pretraining_tp=1");
        Files.writeString(folder.resolve("quantize_config.json"), "{\"bits\": 4}");
        assertThatThrownBy(() -> LlamaConfig.read(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("quantize_config.json", "quantized");
    }

    @Test
    void readReportsUnknownKeysInOneWarning() throws IOException {
        Path folder = changed("h_llava_hf", "zeta=1;text_config.alpha=2;vision_config.beta=null");
        LlavaConfig.read(folder, null);
        assertThat(ConfigWarnings.in(folder))
                .containsExactly(folder.resolve("config.json")
                        + ": unknown keys \"text_config.alpha\", \"vision_config.beta\", \"zeta\"; ignored, check that"
                        + " they do not affect the result");
        LlamaConfig.read(changed("b_llama", "pretraining_tp=1"));
        assertThat(ConfigWarnings.in(folder)).isEmpty();
        LlamaConfig.read(changed("b_llama", "rope_scaling={\"type\":\"linear\",\"factor\":2.0,\"gamma\":1}"));
        assertThat(ConfigWarnings.in(folder)).singleElement().asString().contains("unknown key \"rope_scaling.gamma\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a_clip28",
                "b_llama_gqa",
                "c_llava_mlp2x_gelu",
                "f_e2e/base_llm",
                "f_e2e/stage1_out",
                "f_e2e/stage2_out",
                "h_llava_hf",
                "i_llava_bin"
            })
    void goldenFoldersHaveNoUnknownKeys(String golden) {
        read(Golden.path(golden), TOWER);
        assertThat(ConfigWarnings.in(Golden.path(golden).resolve("config.json")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "clip-vit-large-patch14",
                "llava-hf-1.5-7b-newer",
                "llava-hf-1.5-7b-older",
                "llava-v1.5-7b",
                "vicuna-13b",
                "vicuna-7b"
            })
    void publishedConfigsHaveNoUnknownKeys(String name) throws IOException {
        ObjectNode config =
                (ObjectNode) JsonInput.readObject(Golden.path("g_layouts").resolve(name + ".json"))
                        .get("config");
        // A comment in the golden file.
        config.remove("note");
        Files.writeString(temp.resolve("config.json"), config.toString());
        read(temp, null);
        assertThat(ConfigWarnings.in(temp)).isEmpty();
    }

    private static void read(Path folder, Path tower) {
        if (LlavaConfig.isLlava(folder)) {
            LlavaConfig.read(folder, tower);
        } else if (LlavaConfig.isClip(folder)) {
            ClipConfig.read(folder);
        } else {
            LlamaConfig.read(folder);
        }
    }
}
