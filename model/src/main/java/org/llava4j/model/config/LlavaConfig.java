package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.AspectRatio;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * What a LLaVA folder's {@code config.json} says beyond its decoder. Behaviour is read from here, never guessed from
 * a folder's name.
 *
 * @param vision the tower, from the folder that {@code mm_vision_tower} names
 * @param decoder the LLaMA
 * @param projector how features become word vectors
 * @param selectLayer which hidden state is the feature, counted as Python does: -2 is the one before the last
 * @param selectFeature whether CLS is dropped
 * @param maxLength {@code tokenizer_model_max_length}: sequences are cut there, after the splice
 * @param padLeft whether batches are padded on the left
 * @param padToSquare whether pictures are padded to a square ({@code image_aspect_ratio} = pad)
 * @param imageStartEndTokens the tokens around an image, where the model has them ({@code mm_use_im_start_end})
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
        Optional<ImageStartEndTokens> imageStartEndTokens) {

    /** {@code mm_projector_type}. */
    public enum ProjectorType {
        LINEAR,
        MLP2X_GELU;

        /** @throws BadInputException if LLaVA has none of this name, or one that is not here */
        public static ProjectorType fromName(String name) {
            return switch (name) {
                case "linear" -> LINEAR;
                case "mlp2x_gelu" -> MLP2X_GELU;
                default -> throw new BadInputException("mm_projector_type must be linear or mlp2x_gelu, is " + name);
            };
        }
    }

    /** {@code mm_vision_select_feature}. */
    public enum SelectFeature {
        PATCH,
        CLS_PATCH;

        /** @throws BadInputException if LLaVA has none of this name */
        public static SelectFeature fromName(String name) {
            return switch (name) {
                case "patch" -> PATCH;
                case "cls_patch" -> CLS_PATCH;
                default ->
                    throw new BadInputException("mm_vision_select_feature must be patch or cls_patch, is " + name);
            };
        }
    }

    /** {@code unfreeze_mm_vision_tower}: whether the tower was trained with the model. */
    public enum TowerTraining {
        TRAINED,
        FROZEN,
        /** The key is absent, as it was before towers could be trained. */
        UNKNOWN
    }

    public LlavaConfig {
        if (selectLayer < -vision.layers() - 1 || selectLayer > vision.layers()) {
            throw new BadInputException("mm_vision_select_layer " + selectLayer + " is not one of the tower's "
                    + (vision.layers() + 1) + " hidden states; -2 is LLaVA's");
        }
    }

    /** A model without tokens around an image. */
    public LlavaConfig(
            ClipConfig vision,
            LlamaConfig decoder,
            ProjectorType projector,
            int selectLayer,
            SelectFeature selectFeature,
            int maxLength,
            boolean padLeft,
            boolean padToSquare) {
        this(vision, decoder, projector, selectLayer, selectFeature, maxLength, padLeft, padToSquare, Optional.empty());
    }

    /**
     * Reads a LLaVA folder.
     *
     * @param folder the model folder
     * @param visionTower the tower's folder, or null for the one that {@code mm_vision_tower} names (a path, absolute
     *     or relative to the model folder)
     */
    public static LlavaConfig read(Path folder, Path visionTower) {
        return read(folder, visionTower, LlavaConfig::imageStartEndTokens);
    }

    /**
     * Reads a LLaVA's {@code config.json} that may stand alone, for the shapes of the model: the tokens around an image
     * are taken to be the vocabulary's last two, and no tokenizer is asked.
     *
     * @param folder the model folder, or the file
     * @param visionTower as in {@link #read}; a published tower's name will do
     */
    public static LlavaConfig readShapes(Path folder, Path visionTower) {
        return read(folder, visionTower, (anywhere, json) -> {
            int vocabulary = json.positive("vocab_size");
            return json.bool("mm_use_im_start_end", false)
                    ? Optional.of(new ImageStartEndTokens(vocabulary - 2, vocabulary - 1))
                    : Optional.empty();
        });
    }

    private static LlavaConfig read(
            Path folder, Path visionTower, BiFunction<Path, ConfigJson, Optional<ImageStartEndTokens>> imageSlot) {
        ConfigJson json = ConfigJson.read(folder);
        if (LlavaHfConfig.isLlavaHf(json)) {
            return LlavaHfConfig.of(json, folder);
        }
        Path tower = visionTower != null ? visionTower : visionTower(folder, json.text("mm_vision_tower"));
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
                json.integer("tokenizer_model_max_length", 2048),
                json.choice("tokenizer_padding_side", "right", LlavaConfig::padsLeft),
                json.choice("image_aspect_ratio", "square", AspectRatio::fromName) == AspectRatio.PAD,
                imageSlot.apply(folder, json));
        if (json.has("mm_vision_tower")) {
            requireSamePadding(tower, json, config.padToSquare);
        }
        json.reportUnknown();
        return config;
    }

    /** A preprocessor that pads beside a model that does not: one of the two would be ignored. */
    static void requireSamePadding(Path tower, ConfigJson json, boolean pads) {
        if (!pads && LlavaHfConfig.pads(tower)) {
            throw json.error(
                    "image_aspect_ratio",
                    "is square but \"do_pad\" of the preprocessor in " + tower
                            + " is true; set both to pad, or neither");
        }
    }

    static boolean padsLeft(String side) {
        return switch (side) {
            case "left" -> true;
            case "right" -> false;
            default -> throw new BadInputException("tokenizer_padding_side must be left or right, is " + side);
        };
    }

    private static Optional<ImageStartEndTokens> imageStartEndTokens(Path folder, ConfigJson json) {
        // Whether the vocabulary also holds <im_patch> changes nothing here: no id of it ever reaches the model.
        json.bool("mm_use_im_patch_token", false);
        if (!json.bool("mm_use_im_start_end", false)) {
            return Optional.empty();
        }
        ImageStartEndTokens slot = ImageStartEndTokens.of(LlamaTokenizer.load(folder), folder);
        int highest = Math.max(slot.startId(), slot.endId());
        if (highest >= json.positive("vocab_size")) {
            throw json.error(
                    "vocab_size",
                    "is " + json.positive("vocab_size") + " but " + ImageStartEndTokens.START + " and "
                            + ImageStartEndTokens.END + " have ids up to " + highest
                            + "; it must count the added tokens, as the tables do");
        }
        if (json.bool("tie_word_embeddings", false)) {
            throw json.error(
                    "tie_word_embeddings",
                    "is true, and so is \"mm_use_im_start_end\": the rows of the slot learn in stage 1 while the head"
                            + " stays frozen; give the head a table of its own");
        }
        return Optional.of(slot);
    }

    /**
     * Puts what LLaVA adds to its decoder's config under the keys that {@link #read} knows.
     *
     * @param visionTower the tower's folder, as a path from the model's
     */
    public void writeTo(ObjectNode json, String visionTower) {
        json.put("mm_vision_tower", visionTower);
        json.put("mm_hidden_size", vision.hiddenSize());
        json.put("mm_projector_type", projector.name().toLowerCase(Locale.ROOT));
        json.put("mm_vision_select_layer", selectLayer);
        json.put("mm_vision_select_feature", selectFeature == SelectFeature.PATCH ? "patch" : "cls_patch");
        json.put("mm_use_im_start_end", imageStartEndTokens.isPresent());
        json.put("use_mm_proj", true);
        json.put("image_aspect_ratio", padToSquare ? "pad" : "square");
        json.put("tokenizer_model_max_length", maxLength);
        json.put("tokenizer_padding_side", padLeft ? "left" : "right");
    }

    /** Whether this folder is a LLaVA: its config names a vision tower or holds one. */
    public static boolean isLlava(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return json.has("mm_vision_tower") || LlavaHfConfig.isLlavaHf(json);
    }

    /** Whether the tower of a LLaVA folder was trained; that of the layout of transformers counts as trained. */
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

    /** Whether this folder is a bare CLIP tower. */
    public static boolean isClip(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return !LlavaHfConfig.isLlavaHf(json)
                && (json.has("vision_config")
                        || json.has("patch_size")
                        || ModelFamily.TOWERS.contains(json.text("model_type", "")));
    }

    /**
     * The folder of the tower that a LLaVA folder's config names, which is the folder itself where the config names a
     * published tower or holds one: its weights must then be among LLaVA's own.
     */
    public static Path visionTowerPath(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return LlavaHfConfig.isLlavaHf(json) ? folder : visionTower(folder, json.text("mm_vision_tower"));
    }

    /** The same; empty where the config names a folder that is not there. */
    public static Optional<Path> findVisionTower(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        return LlavaHfConfig.isLlavaHf(json)
                ? Optional.of(folder)
                : findVisionTower(folder, json.text("mm_vision_tower"));
    }

    private static Optional<Path> findVisionTower(Path folder, String named) {
        Path base = base(folder);
        Path besideLink = base.resolve(named).normalize();
        try {
            // Behind a symbolic link, ".." is the parent of the folder that the link leads to.
            Path real = base.toRealPath().resolve(named);
            if (Files.isDirectory(real)) {
                boolean same = Files.isDirectory(besideLink) && Files.isSameFile(real, besideLink);
                return Optional.of(same ? besideLink : real.toRealPath());
            }
        } catch (IOException e) {
            throw new BadInputException(base + ": cannot be read: " + e.getMessage(), e);
        }
        if (Files.isDirectory(besideLink)) {
            return Optional.of(besideLink);
        }
        return ClipConfig.isPublished(named) ? Optional.of(folder) : Optional.empty();
    }

    private static Path base(Path folder) {
        return Files.isDirectory(folder) ? folder : folder.resolveSibling("");
    }

    private static Path visionTower(Path folder, String named) {
        Path base = base(folder);
        return findVisionTower(folder, named)
                .orElseThrow(() -> new BadInputException(base.resolve("config.json")
                        + ": mm_vision_tower names the CLIP folder \"" + named + "\", which is not there ("
                        + base.resolve(named).normalize().toAbsolutePath()
                        + "); put it there, name another or give --vision-tower DIR"));
    }

    /** P, vectors that one image becomes. */
    public int numImageTokens() {
        return vision.patches() + (selectFeature == SelectFeature.CLS_PATCH ? 1 : 0);
    }

    /** Index of the hidden state that is the feature, counted from 0 (after pre_layrnorm). */
    public int featureLayer() {
        return selectLayer < 0 ? vision.layers() + 1 + selectLayer : selectLayer;
    }
}
