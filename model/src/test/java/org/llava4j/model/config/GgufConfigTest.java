package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Damage;
import org.llava4j.testing.GgufBuilder;
import org.llava4j.testing.Golden;

class GgufConfigTest {
    private static final int FUZZ_CASES = 1000;
    private static final String LLAMA = "llama.";
    private static final String VISION = "clip.vision.";

    @TempDir
    private Path temp;

    private static GgufBuilder decoder() {
        return new GgufBuilder()
                .text("general.architecture", "llama")
                .integer(LLAMA + "context_length", 128)
                .integer(LLAMA + "embedding_length", 32)
                .integer(LLAMA + "block_count", 2)
                .integer(LLAMA + "feed_forward_length", 64)
                .integer(LLAMA + "attention.head_count", 4)
                .decimal(LLAMA + "attention.layer_norm_rms_epsilon", 1e-6f)
                .integer(LLAMA + "vocab_size", 100);
    }

    private static GgufBuilder tower() {
        return new GgufBuilder()
                .text("general.architecture", "clip")
                .integer(VISION + "image_size", 28)
                .integer(VISION + "patch_size", 14)
                .integer(VISION + "embedding_length", 16)
                .integer(VISION + "feed_forward_length", 32)
                .integer(VISION + "block_count", 3)
                .integer(VISION + "attention.head_count", 2)
                .decimal(VISION + "attention.layer_norm_epsilon", 1e-5f)
                .decimals(VISION + "image_mean", 0.25f, 0.5f, 0.1f)
                .decimals(VISION + "image_std", 0.5f, 0.25f, 0.3f);
    }

    private LlamaConfig read(GgufBuilder decoder) {
        return LlamaConfig.read(decoder.write(temp.resolve("model.gguf")));
    }

    private LlavaConfig read(GgufBuilder decoder, GgufBuilder tower) {
        return LlavaConfig.read(decoder.write(temp.resolve("model.gguf")), tower.write(temp.resolve("mmproj.gguf")));
    }

    private void assertRejected(GgufBuilder decoder, String... parts) {
        assertThatThrownBy(() -> read(decoder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining("model.gguf")
                .hasMessageNotContaining("\n");
    }

    private void assertTowerRejected(GgufBuilder tower, String... parts) {
        assertThatThrownBy(() -> read(decoder(), tower))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining("mmproj.gguf")
                .hasMessageNotContaining("\n");
    }

    @Test
    void decoderIsReadFromMetadata() {
        assertThat(read(decoder().integer(LLAMA + "attention.head_count_kv", 2).range("output.weight", 1, 1)))
                .isEqualTo(new LlamaConfig(100, 32, 2, 4, 2, 64, 1e-6, 10000, 1, false));
        LlamaConfig scaled = read(decoder()
                .decimal(LLAMA + "rope.freq_base", 5000)
                .text(LLAMA + "rope.scaling.type", "linear")
                .decimal(LLAMA + "rope.scaling.factor", 4));
        assertThat(scaled.ropeTheta()).isEqualTo(5000);
        assertThat(scaled.ropeScale()).isEqualTo(4);
        assertThat(scaled.kvHeads()).isEqualTo(4);
        assertThat(scaled.tiedEmbeddings()).as("without output.weight").isTrue();
        assertThat(read(decoder().without(LLAMA + "vocab_size").range("token_embd.weight", 104, 1))
                        .vocabSize())
                .isEqualTo(104);
        assertRejected(decoder().range("token_embd.weight", 104, 1), "llama.vocab_size", "is 100", "104 rows");
    }

    @Test
    void decoderRejectsWhatChangesTheComputation() {
        assertRejected(decoder().text("general.architecture", "qwen2"), "general.architecture", "\"qwen2\"");
        assertRejected(decoder().without(LLAMA + "block_count"), "llama.block_count", "is missing");
        assertRejected(decoder().text(LLAMA + "rope.scaling.type", "yarn"), "llama.rope.scaling.type", "\"yarn\"");
        assertRejected(decoder().integer(LLAMA + "rope.dimension_count", 4), "rope.dimension_count", "is 4");
        assertRejected(decoder().integer(LLAMA + "attention.key_length", 16), "attention.key_length", "is 16");
        assertRejected(decoder().integer(LLAMA + "expert_count", 8), "llama.expert_count", "is 8");
        assertRejected(decoder().integer(LLAMA + "attention.sliding_window", 64), "sliding_window", "64");
        assertRejected(decoder().integer(LLAMA + "attention.head_count", 5), "num_attention_heads");
        assertRejected(decoder().integer(LLAMA + "block_count", 1000000), "num_hidden_layers");
    }

    @Test
    void unknownKeysAreReported() {
        Path file = decoder().integer(LLAMA + "unheard_of", 1).write(temp.resolve("model.gguf"));
        LlamaConfig.read(file);
        assertThat(ConfigWarnings.in(file)).singleElement().asString().contains("\"llama.unheard_of\"");
    }

    @Test
    void pairIsOneModel() {
        LlavaConfig config = read(decoder(), tower().range("mm.2.weight", 1, 1));
        assertThat(config.vision()).isEqualTo(new ClipConfig(16, 3, 2, 32, 28, 14, 1e-5));
        assertThat(config.projector()).isEqualTo(ProjectorType.MLP2X_GELU);
        assertThat(config.featureLayer()).isEqualTo(3);
        assertThat(config.maxLength()).isEqualTo(128);
        assertThat(config.padToSquare()).isTrue();
        ClipPreprocessing images = ClipPreprocessing.read(temp.resolve("mmproj.gguf"));
        assertThat(images.mean()).isEqualTo(List.of(0.25, 0.5, 0.1));
        assertThat(images.std()).isEqualTo(List.of(0.5, 0.25, 0.3));
        assertThat(images.cropPx()).isEqualTo(28);
        assertThat(LlavaConfig.isLlava(temp.resolve("model.gguf"), temp.resolve("mmproj.gguf")))
                .isTrue();
        assertThat(LlavaConfig.isLlava(temp.resolve("model.gguf"), null)).isFalse();
    }

    @Test
    void towerTellsProjectorFeatureLayerAndPadding() {
        LlavaConfig config = read(
                decoder(), tower().integers(VISION + "feature_layer", 2).text(VISION + "image_aspect_ratio", "square"));
        assertThat(config.projector()).isEqualTo(ProjectorType.LINEAR);
        assertThat(config.featureLayer()).isEqualTo(2);
        assertThat(config.padToSquare()).isFalse();
        assertThat(read(decoder(), tower().range("v.post_ln.weight", 16)).featureLayer())
                .as("the second to last state of a whole tower")
                .isEqualTo(2);
    }

    @Test
    void towerRejectsWhatChangesTheComputation() {
        assertTowerRejected(tower().text("clip.projector_type", "ldp"), "clip.projector_type", "\"ldp\"");
        assertTowerRejected(tower().integers(VISION + "feature_layer", 1, 2), "feature_layer", "[1, 2]");
        assertTowerRejected(tower().integers(VISION + "feature_layer", 9), "feature_layer", "[9]", "0 to 3");
        assertTowerRejected(tower().integers(VISION + "image_grid_pinpoints", 336, 672), "image_grid_pinpoints");
        assertTowerRejected(tower().text(VISION + "mm_patch_merge_type", "spatial_unpad"), "mm_patch_merge_type");
        assertTowerRejected(tower().bool("clip.use_gelu", true), "hidden_act", "quick_gelu");
        assertTowerRejected(tower().bool("clip.use_silu", true), "hidden_act", "quick_gelu");
        assertTowerRejected(tower().without(VISION + "patch_size"), "clip.vision.patch_size");
    }

    @Test
    void pairRejectsPartsOfOtherKinds() {
        Path decoder = decoder().write(temp.resolve("model.gguf"));
        Path tower = tower().write(temp.resolve("mmproj.gguf"));
        assertThatThrownBy(() -> LlavaConfig.read(decoder, decoder))
                .hasMessageContaining("mmproj file that belongs to");
        assertThatThrownBy(() -> LlavaConfig.read(decoder, Golden.path("a_clip56")))
                .hasMessageContaining("mmproj file that belongs to");
        assertThatThrownBy(() -> LlavaConfig.read(decoder, null)).hasMessageContaining("--mmproj");
        assertThatThrownBy(() -> Checkpoint.llava(Golden.path("c_llava_linear"), tower))
                .hasMessageContaining("the GGUF file of the decoder");
    }

    @Test
    void chatFormatIsThatOfTheTemplate() {
        Path file = decoder().write(temp.resolve("model.gguf"));
        assertThat(ChatFormat.of(file).template().name()).isEqualTo("v1");
        decoder()
                .text("tokenizer.chat_template", "{{ 'USER: ' + m + ' ASSISTANT:' }}")
                .write(file);
        assertThat(ChatFormat.of(file).template().name()).isEqualTo("v1");
        decoder().text("tokenizer.chat_template", "[INST] {{ m }} [/INST]").write(file);
        assertThatThrownBy(() -> ChatFormat.of(file)).hasMessageContaining("--conv-mode");
        assertThat(ChatFormat.of(file, "v0").template().name()).isEqualTo("v0");
    }

    @Test
    void readNeverFailsOtherwise() throws IOException {
        byte[] decoder = decoder().integer("tokenizer.ggml.eos_token_id", 2).bytes();
        byte[] tower = tower().range("mm.2.weight", 1, 1).bytes();
        Path decoderFile = temp.resolve("model.gguf");
        Path towerFile = temp.resolve("mmproj.gguf");
        Random random = new Random(13);
        int rejected = 0;
        for (int i = 0; i < FUZZ_CASES; i++) {
            Files.write(decoderFile, i % 2 == 0 ? Damage.of(decoder, random) : decoder);
            Files.write(towerFile, i % 2 == 1 ? Damage.of(tower, random) : tower);
            try {
                LlavaConfig.read(decoderFile, towerFile);
                GenerationConfig.eosIds(decoderFile);
                ClipPreprocessing.read(towerFile);
            } catch (BadInputException e) {
                rejected++;
                assertThat(e.getMessage()).doesNotContain("\n");
            }
        }
        assertThat(rejected).isBetween(FUZZ_CASES / 4, FUZZ_CASES - 1);
    }

    @Test
    void endTokensAreThoseOfTheTokenizer() {
        Path file = decoder().integer("tokenizer.ggml.eos_token_id", 2).write(temp.resolve("model.gguf"));
        assertThat(GenerationConfig.eosIds(file)).containsExactly(2);
        decoder()
                .integer("tokenizer.ggml.eos_token_id", 2)
                .integer("tokenizer.ggml.eot_token_id", 7)
                .write(file);
        assertThat(GenerationConfig.eosIds(file)).containsExactlyInAnyOrder(2, 7);
        assertThat(GenerationConfig.eosIds(decoder().write(file))).isEmpty();
    }
}
