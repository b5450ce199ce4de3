package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.EnumName;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.image.ClipPreprocessing;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Configuration of a LLaVA model, from {@code config.json}. Options are read from the config and never inferred from
 * the folder's name.
 *
 * @param vision the vision tower, from the folder that {@code mm_vision_tower} names
 * @param decoder the LLaMA decoder
 * @param projector {@code mm_projector_type}
 * @param selectLayer {@code mm_vision_select_layer}: hidden state used as image features; negative values count from
 *     the end, so -2 is the second to last
 * @param selectFeature {@code mm_vision_select_feature}: whether the CLS token is dropped
 * @param maxLength {@code tokenizer_model_max_length}: context length; longer sequences are truncated after image
 *     tokens are inserted
 * @param padLeft {@code tokenizer_padding_side}: whether batches are padded on the left
 * @param padToSquare {@code image_aspect_ratio}: whether images are padded to a square ({@code pad})
 * @param imageStartEndTokens image start and end tokens ({@code mm_use_im_start_end}); null if the model has none
 */
public record LlavaConfig(
        ClipConfig vision,
        LlamaConfig decoder,
        ProjectorType projector,
        int selectLayer,
        SelectFeature selectFeature,
        int maxLength,
        boolean padLeft,
        boolean padToSquare,
        @Nullable ImageStartEndTokens imageStartEndTokens) {

    /** {@code mm_projector_type}. */
    public enum ProjectorType {
        /** One linear layer, as in the paper. */
        LINEAR,
        /** Two linear layers with GELU between them, as in LLaVA-1.5. */
        MLP2X_GELU;

        /** @throws BadInputException if the projector type is unknown or not supported */
        public static ProjectorType fromName(String name) {
            return EnumName.parse(ProjectorType.class, "mm_projector_type", name);
        }
    }

    /** {@code mm_vision_select_feature}. */
    public enum SelectFeature {
        /** The patches alone. */
        PATCH,
        /** The class token, then the patches. */
        CLS_PATCH;

        /** @throws BadInputException if the name is unknown */
        public static SelectFeature fromName(String name) {
            return EnumName.parse(SelectFeature.class, "mm_vision_select_feature", name);
        }
    }

    /** {@code unfreeze_mm_vision_tower}: whether the vision tower was trained with the model. */
    public enum TowerTraining {
        /** It was trained: its weights are those of the LLaVA folder. */
        TRAINED,
        /** It was frozen: its weights are those of the CLIP model. */
        FROZEN,
        /** The key is absent, as in configs older than trainable towers. */
        UNKNOWN
    }

    /**
     * @throws BadInputException if the selected layer is not one of the tower's hidden states, or the context length is
     *     above the limit of a config that is read
     */
    public LlavaConfig {
        SizeLimits.requireContextLength("tokenizer_model_max_length", maxLength);
        if (selectLayer < -vision.layers() - 1 || selectLayer > vision.layers()) {
            throw new BadInputException("mm_vision_select_layer " + selectLayer + " is not one of the tower's "
                    + (vision.layers() + 1) + " hidden states; -2 is LLaVA's");
        }
    }

    /** A model with LLaVA's defaults: a linear projector on the patches of the second to last layer, padding on the right. */
    public static LlavaConfig withDefaults(ClipConfig vision, LlamaConfig decoder, int maxLength) {
        return new LlavaConfig(
                vision, decoder, ProjectorType.LINEAR, -2, SelectFeature.PATCH, maxLength, false, false, null);
    }

    /**
     * Reads a LLaVA folder.
     *
     * @param folder the model folder
     * @param visionTower the tower's folder, or null for the one that {@code mm_vision_tower} names (a path, absolute
     *     or relative to the model folder)
     */
    public static LlavaConfig read(Path folder, @Nullable Path visionTower) {
        return read(folder, visionTower, LlavaConfig::imageStartEndTokens);
    }

    /**
     * Reads a LLaVA's {@code config.json} without a tokenizer, to compute the shapes of the weights: image start and
     * end tokens are assumed to be the last two ids of the vocabulary.
     *
     * @param folder the model folder, or the file
     * @param visionTower as in {@link #read}, or the id of a published tower
     */
    public static LlavaConfig readShapes(Path folder, @Nullable Path visionTower) {
        return read(folder, visionTower, (anywhere, json) -> {
            int vocabulary = json.positive("vocab_size");
            return json.bool("mm_use_im_start_end", false)
                    ? new ImageStartEndTokens(vocabulary - 2, vocabulary - 1)
                    : null;
        });
    }

    /** Reads the image start and end tokens that a config declares. */
    private interface ImageTokenReader {
        @Nullable
        ImageStartEndTokens read(Path folder, ConfigJson json);
    }

    private static LlavaConfig read(Path folder, @Nullable Path visionTower, ImageTokenReader imageTokens) {
        ConfigJson json = ConfigJson.read(folder);
        if (LlavaHfConfig.isLlavaHf(json)) {
            return LlavaHfConfig.of(json, folder);
        }
        Path tower = visionTower != null ? visionTower : visionTower(folder, towerName(folder, json));
        if (GgufConfig.isPair(folder, tower)) {
            json = json.withDefaults(GgufConfig.projector(tower));
        }
        ClipConfig vision = ClipConfig.read(tower);
        int featureWidth = json.integer("mm_hidden_size", vision.hiddenSize());
        if (featureWidth != vision.hiddenSize()) {
            throw json.error(
                    "mm_hidden_size", "is " + featureWidth + " but the tower's hidden_size is " + vision.hiddenSize());
        }
        LlavaConfig config = new LlavaConfig(
                vision,
                LlamaConfig.ofFlat(json),
                json.choice("mm_projector_type", "linear", ProjectorType::fromName),
                json.integer("mm_vision_select_layer", -2),
                json.choice("mm_vision_select_feature", "patch", SelectFeature::fromName),
                json.size("tokenizer_model_max_length", SizeLimits.CONTEXT_LENGTH, 2048),
                json.choice("tokenizer_padding_side", "right", LlavaConfig::padsLeft),
                json.choice("image_aspect_ratio", "square", AspectRatio::fromName) == AspectRatio.PAD,
                imageTokens.read(folder, json));
        if (json.has("mm_vision_tower")) {
            requireSamePadding(tower, json, config.padToSquare);
        }
        json.reportUnknown();
        return config;
    }

    /** Rejects a preprocessor that pads images for a model whose config does not. */
    static void requireSamePadding(Path tower, ConfigJson json, boolean pads) {
        if (!pads && LlavaHfConfig.pads(tower)) {
            throw json.error(
                    "image_aspect_ratio",
                    "is square but \"do_pad\" of the preprocessor in " + tower
                            + " is true; enable padding in both or in neither");
        }
    }

    static boolean padsLeft(String side) {
        return switch (side) {
            case "left" -> true;
            case "right" -> false;
            default -> throw new BadInputException("tokenizer_padding_side must be left or right, is " + side);
        };
    }

    private static @Nullable ImageStartEndTokens imageStartEndTokens(Path folder, ConfigJson json) {
        // Only validated: <im_patch> in the vocabulary has no effect, since its id never reaches the model.
        json.bool("mm_use_im_patch_token", false);
        if (!json.bool("mm_use_im_start_end", false)) {
            return null;
        }
        ImageStartEndTokens tokens = ImageStartEndTokens.of(LlamaTokenizer.load(folder), folder);
        int highest = Math.max(tokens.startId(), tokens.endId());
        if (highest >= json.positive("vocab_size")) {
            throw json.error(
                    "vocab_size",
                    "is " + json.positive("vocab_size") + " but " + ImageStartEndTokens.START + " and "
                            + ImageStartEndTokens.END + " have ids up to " + highest
                            + "; it must include the added tokens, as the embedding tables do");
        }
        if (json.bool("tie_word_embeddings", false)) {
            throw json.error(
                    "tie_word_embeddings",
                    "is true, and so is \"mm_use_im_start_end\": stage 1 trains the embeddings of the image start and end"
                            + " tokens while the LM head stays frozen; use a model with an untied head");
        }
        return tokens;
    }

    /**
     * Writes the keys that LLaVA adds to its decoder's config.
     *
     * @param visionTower path of the tower's folder, relative to the model's
     */
    public void writeTo(ObjectNode json, String visionTower) {
        json.put("mm_vision_tower", visionTower);
        json.put("mm_hidden_size", vision.hiddenSize());
        json.put("mm_projector_type", projector.name().toLowerCase(Locale.ROOT));
        json.put("mm_vision_select_layer", selectLayer);
        json.put("mm_vision_select_feature", selectFeature == SelectFeature.PATCH ? "patch" : "cls_patch");
        json.put("mm_use_im_start_end", imageStartEndTokens != null);
        json.put("use_mm_proj", true);
        json.put("image_aspect_ratio", padToSquare ? "pad" : "square");
        json.put("tokenizer_model_max_length", maxLength);
        json.put("tokenizer_padding_side", padLeft ? "left" : "right");
    }

    /** Whether a folder is a LLaVA: its config names or contains a vision tower. */
    public static boolean isLlava(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return json.has("mm_vision_tower") || LlavaHfConfig.isLlavaHf(json);
    }

    /**
     * Whether a model is a LLaVA together with the vision tower that is given for it, which is so for a GGUF file.
     *
     * @param visionTower null for none
     */
    public static boolean isLlava(Path folder, @Nullable Path visionTower) {
        return isLlava(folder) || (visionTower != null && GgufHeader.isGguf(folder));
    }

    /** Whether the vision tower of a LLaVA folder was trained; always true for llava-hf layout. */
    public static TowerTraining towerTraining(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        if (LlavaHfConfig.isLlavaHf(json)) {
            return TowerTraining.TRAINED;
        }
        if (!json.has("unfreeze_mm_vision_tower")) {
            return TowerTraining.UNKNOWN;
        }
        return json.bool("unfreeze_mm_vision_tower") ? TowerTraining.TRAINED : TowerTraining.FROZEN;
    }

    /** Whether a folder is a CLIP or a bare CLIP vision tower. */
    public static boolean isClip(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return !LlavaHfConfig.isLlavaHf(json)
                && (json.has("vision_config")
                        || json.has("patch_size")
                        || ModelFamily.TOWERS.contains(json.text("model_type", "")));
    }

    /**
     * The folder of the vision tower that a LLaVA config names. This is the model folder itself if the config names a
     * published tower or contains one; its weights are then in the model folder.
     */
    public static Path visionTowerPath(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return LlavaHfConfig.isLlavaHf(json) ? folder : visionTower(folder, towerName(folder, json));
    }

    /** As {@link #visionTowerPath}; null if the config names a folder that does not exist. */
    public static @Nullable Path findVisionTower(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return LlavaHfConfig.isLlavaHf(json) ? folder : findVisionTower(folder, json.pathName("mm_vision_tower"));
    }

    private static @Nullable Path findVisionTower(Path folder, String named) {
        Path base = base(folder);
        Path nextToLink = base.resolve(named).normalize();
        try {
            // If the model folder is a symbolic link, ".." is the parent of the link's target.
            Path real = base.toRealPath().resolve(named);
            if (GgufHeader.isGguf(real)) {
                return real.toRealPath();
            }
            if (Files.isDirectory(real)) {
                boolean same = Files.isDirectory(nextToLink) && Files.isSameFile(real, nextToLink);
                return same ? nextToLink : real.toRealPath();
            }
        } catch (IOException e) {
            throw new BadInputException(base + ": cannot be read: " + e.getMessage(), e);
        }
        if (Files.isDirectory(nextToLink)) {
            return nextToLink;
        }
        return ClipConfig.isPublished(named) ? folder : null;
    }

    private static String towerName(Path folder, ConfigJson json) {
        if (GgufHeader.isGguf(folder)) {
            throw new BadInputException(
                    folder + " has no vision tower; give the file of its tower and projector (--mmproj)");
        }
        return json.pathName("mm_vision_tower");
    }

    private static Path base(Path folder) {
        return Files.isDirectory(folder) ? folder : folder.resolveSibling("");
    }

    private static Path visionTower(Path folder, String named) {
        Path base = base(folder);
        Path found = findVisionTower(folder, named);
        if (found == null) {
            throw new BadInputException(base.resolve("config.json") + ": mm_vision_tower names the CLIP folder \""
                    + named + "\", which does not exist ("
                    + base.resolve(named).normalize().toAbsolutePath()
                    + "); create it, name another one or give --vision-tower DIR");
        }
        return found;
    }

    /**
     * Reads the image preprocessing of a tower.
     *
     * @param visionTower the tower's own folder; CLIP's default settings without {@code preprocessor_config.json}
     * @throws BadInputException if config and preprocessing are inconsistent
     */
    public ClipPreprocessing preprocessing(Path visionTower) {
        int side = vision.imageSizePx();
        ClipPreprocessing.requireAgrees(visionTower, visionTower.resolve("config.json"), side);
        ClipPreprocessing settings = ClipPreprocessing.isIn(visionTower)
                ? ClipPreprocessing.read(visionTower)
                : ClipPreprocessing.clip(side);
        return settings.withAspectRatio(padToSquare ? AspectRatio.PAD : AspectRatio.SQUARE);
    }

    /** P, image tokens per image. */
    public int numImageTokens() {
        return vision.patches() + (selectFeature == SelectFeature.CLS_PATCH ? 1 : 0);
    }

    /** Index of the hidden state used as image features, where 0 is the output of pre_layrnorm. */
    public int featureLayer() {
        return selectLayer < 0 ? vision.layers() + 1 + selectLayer : selectLayer;
    }
}
