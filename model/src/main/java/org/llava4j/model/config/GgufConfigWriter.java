package org.llava4j.model.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.GgufTokenizerWriter;
import org.llava4j.model.config.LlavaConfig.ProjectorType;

/** Writer of a configuration as the metadata of GGUF files, in the keys that {@link GgufConfig} reads. */
public final class GgufConfigWriter {
    /** Version of the block formats of ggml. */
    private static final int QUANTIZATION_VERSION = 2;

    /** LLaMA's. */
    private static final int DEFAULT_CONTEXT = 2048;

    private GgufConfigWriter() {}

    /**
     * Adds the keys of a decoder.
     *
     * @param contextLength maximum number of positions
     * @param fileType number of the type of most tensors
     */
    public static void decoder(
            GgufMetadataBuilder to, String name, LlamaConfig config, int contextLength, int fileType) {
        general(to, GgufConfig.DECODER, "model", name, fileType);
        String llama = GgufConfig.LLAMA;
        to.integer(GgufConfig.VOCABULARY, config.vocabSize());
        to.integer(GgufConfig.CONTEXT, contextLength);
        to.integer(llama + "embedding_length", config.hiddenSize());
        to.integer(llama + "block_count", config.layers());
        to.integer(llama + "feed_forward_length", config.intermediateSize());
        to.integer(GgufConfig.HEADS, config.heads());
        to.integer(llama + "attention.head_count_kv", config.kvHeads());
        to.decimal(llama + "attention.layer_norm_rms_epsilon", config.rmsNormEps());
        to.integer(llama + "rope.dimension_count", config.headDim());
        to.decimal(llama + "rope.freq_base", config.ropeTheta());
        if (config.ropeScale() != 1) {
            to.text(GgufConfig.SCALING, "linear");
            to.decimal(llama + "rope.scaling.factor", config.ropeScale());
        }
    }

    /**
     * Adds the keys of vision tower and projector. The file has the layers up to the image features and names the last one, since
     * llama.cpp leaves out another layer of a file that does not.
     */
    public static void mmproj(
            GgufMetadataBuilder to, String name, LlavaConfig config, ClipPreprocessing images, int fileType) {
        general(to, GgufConfig.TOWER, "mmproj", name, fileType);
        to.bool("clip.has_text_encoder", false);
        to.bool("clip.has_vision_encoder", true);
        to.bool("clip.has_llava_projector", true);
        to.text(GgufConfig.PROJECTOR, "mlp");
        to.bool("clip.use_gelu", false);
        String vision = GgufConfig.VISION;
        ClipConfig tower = config.vision();
        to.integer(vision + "image_size", tower.imageSizePx());
        to.integer(vision + "patch_size", tower.patchSizePx());
        to.integer(vision + "embedding_length", tower.hiddenSize());
        to.integer(vision + "feed_forward_length", tower.intermediateSize());
        to.integer(vision + "projection_dim", config.decoder().hiddenSize());
        to.integer(vision + "block_count", config.featureLayer());
        to.integers(GgufConfig.FEATURE_LAYER, List.of(config.featureLayer()));
        to.integer(vision + "attention.head_count", tower.heads());
        to.decimal(vision + "attention.layer_norm_epsilon", tower.layerNormEps());
        to.decimals(vision + "image_mean", images.mean());
        to.decimals(vision + "image_std", images.std());
        to.text(vision + "image_aspect_ratio", config.padToSquare() ? "pad" : "square");
        to.text(vision + "mm_patch_merge_type", "flat");
        to.text(vision + "mm_projector_type", config.projector() == ProjectorType.LINEAR ? "linear" : "mlp2x_gelu");
    }

    private static void general(GgufMetadataBuilder to, String architecture, String type, String name, int fileType) {
        to.text(GgufConfig.ARCHITECTURE, architecture);
        to.text("general.type", type);
        to.text("general.name", name);
        to.integer("general.file_type", fileType);
        to.integer("general.quantization_version", QUANTIZATION_VERSION);
    }

    /**
     * Adds the chat template of transformers unless it contradicts a conversation template.
     *
     * @param template read as v1 if its roles are those of v1
     * @param chat the conversation template of the model; null if it names none
     * @return whether the template was added
     */
    public static boolean chatTemplate(GgufMetadataBuilder to, String template, @Nullable ChatFormat chat) {
        boolean agrees =
                chat == null || GgufConfig.isV1(template) == chat.template().equals(ConversationTemplates.named("v1"));
        if (agrees) {
            to.text(GgufTokenizerWriter.CHAT_TEMPLATE, template);
        }
        return agrees;
    }

    /** Adds the end of a turn, where an answer ends in addition to the EOS token. */
    public static void endOfTurn(GgufMetadataBuilder to, int id) {
        to.integer(GgufConfig.END_OF_TURN, id);
    }

    /** Reads the maximum number of positions of a decoder without a vision tower. */
    public static int contextLength(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        ConfigJson complete = json.has("model_type") ? DecoderDefaults.withDefaults(json) : json;
        return complete.positive("max_position_embeddings", DEFAULT_CONTEXT);
    }
}
