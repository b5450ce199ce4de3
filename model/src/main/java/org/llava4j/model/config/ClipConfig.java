package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.image.ProcessorConfig;

/**
 * Configuration of a CLIP vision tower, from the {@code config.json} of a bare tower or the {@code vision_config} of a
 * full CLIP.
 *
 * @param hiddenSize Dv
 * @param layers number of encoder layers
 * @param heads attention heads; the head dimension is Dv / heads
 * @param intermediateSize width of the MLP
 * @param imageSizePx S; images are S x S
 * @param patchSizePx side of a patch
 * @param layerNormEps epsilon of every LayerNorm
 */
public record ClipConfig(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        int imageSizePx,
        int patchSizePx,
        double layerNormEps) {

    /** Configurations of published towers that LLaVA configs refer to by their Hugging Face id. */
    private static final Map<String, ClipConfig> PUBLISHED =
            Map.of("openai/clip-vit-large-patch14", large(224), "openai/clip-vit-large-patch14-336", large(336));

    private static ClipConfig large(int imageSizePx) {
        return new ClipConfig(1024, 24, 16, 4096, imageSizePx, 14, 1e-5);
    }

    /** Whether this is a published tower, which needs no {@code config.json}. */
    static boolean isPublished(String name) {
        return PUBLISHED.containsKey(name);
    }

    /**
     * Reads a tower's folder or {@code config.json}. A LLaVA's config contains {@code vision_config} or the id of a
     * published tower. Also accepts the id of a published tower instead of a folder.
     */
    public static ClipConfig read(Path folder) {
        ClipConfig named = PUBLISHED.get(folder.toString().replace('\\', '/'));
        if (named != null && !Files.exists(folder)) {
            return named;
        }
        ConfigJson json = ConfigJson.read(folder);
        if (LlavaHfConfig.isLlavaHf(json)) {
            return LlavaHfConfig.of(json, folder).vision();
        }
        ClipConfig published = PUBLISHED.get(json.text("mm_vision_tower", ""));
        ClipConfig config = published != null ? published : ofFile(json);
        config.requirePreprocessing(folder, null);
        return config;
    }

    private static ClipConfig ofFile(ConfigJson json) {
        boolean full = json.has("vision_config");
        if (full) {
            json.check(ModelKeys.CLIP);
        }
        ClipConfig config = ofTower(full ? json.child("vision_config") : json);
        json.reportUnknown();
        return config;
    }

    /**
     * Checks that the image preprocessing in the tower's folder fits this tower.
     *
     * @param selectStrategy {@code vision_feature_select_strategy} of the config; null if it has no such key
     */
    void requirePreprocessing(Path folder, @Nullable String selectStrategy) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Path file = folder.resolve("config.json");
        ClipPreprocessing.requireAgrees(folder, file, imageSizePx);
        ProcessorConfig processor = ProcessorConfig.find(folder);
        if (processor != null) {
            processor.requireAgrees(file, patchSizePx, selectStrategy);
        }
    }

    /**
     * Reads a tower's JSON object. Missing keys have CLIP's defaults if the object has a {@code model_type} or is
     * nested.
     */
    static ClipConfig ofTower(ConfigJson json) {
        ModelFamily.requireSupported(json, ModelFamily.TOWERS, "vision tower", "use a CLIP vision tower");
        json.check(ModelKeys.CLIP_VISION);
        return of(json.isNested() || json.has("model_type") ? json.withDefaults(defaults()) : json);
    }

    private static ObjectNode defaults() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        new ClipConfig(768, 12, 12, 3072, 224, 32, 1e-5).writeTo(json);
        return json;
    }

    private static ClipConfig of(ConfigJson json) {
        ClipConfig config = new ClipConfig(
                json.size("hidden_size", SizeLimits.HIDDEN_SIZE),
                json.size("num_hidden_layers", SizeLimits.LAYERS),
                json.positive("num_attention_heads"),
                json.size("intermediate_size", SizeLimits.INTERMEDIATE_SIZE),
                json.size("image_size", SizeLimits.IMAGE_SIZE_PX),
                json.positive("patch_size"),
                json.has("layer_norm_eps") ? json.epsilon("layer_norm_eps") : 1e-5);
        if (config.hiddenSize % config.heads != 0) {
            throw json.error("num_attention_heads", "must divide hidden_size " + config.hiddenSize);
        }
        if (config.imageSizePx % config.patchSizePx != 0) {
            throw json.error("patch_size", "must divide image_size " + config.imageSizePx);
        }
        if (config.patches() > SizeLimits.PATCHES) {
            throw json.error(
                    "patch_size",
                    "is " + config.patchSizePx + ", which divides an image into " + config.patches()
                            + " patches, but at most " + SizeLimits.PATCHES + " are supported");
        }
        SizeLimits.requireParameters(json, config.parameters());
        return config;
    }

    /** Writes the keys that {@link #read} reads. */
    public void writeTo(ObjectNode json) {
        json.putArray("architectures").add("CLIPVisionModel");
        json.put("model_type", "clip_vision_model");
        json.put("hidden_size", hiddenSize);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("intermediate_size", intermediateSize);
        json.put("image_size", imageSizePx);
        json.put("patch_size", patchSizePx);
        json.put("num_channels", 3);
        json.put("hidden_act", "quick_gelu");
        json.put("layer_norm_eps", layerNormEps);
    }

    /** Number of patches per image. */
    public int patches() {
        int side = imageSizePx / patchSizePx;
        return side * side;
    }

    /** Number of weights, without biases and norms. */
    private long parameters() {
        long perLayer = 4L * hiddenSize * hiddenSize + 2L * hiddenSize * intermediateSize;
        return layers * perLayer + (patches() + 3L * patchSizePx * patchSizePx) * hiddenSize;
    }

    public int headDim() {
        return hiddenSize / heads;
    }
}
