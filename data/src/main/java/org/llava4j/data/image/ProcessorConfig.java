package org.llava4j.data.image;

import static org.llava4j.data.config.ConfigKeys.OFF;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;

/**
 * The file {@code processor_config.json} of transformers. Since version 5 its object {@code image_processor} has the
 * image preprocessing settings. Other keys repeat the model's config. Chat templates of transformers are ignored:
 * prompts come from the conversation template.
 *
 * @param file the file
 * @param json its content
 */
public record ProcessorConfig(Path file, ObjectNode json) {
    /** Name of the file in a model folder. */
    public static final String FILE_NAME = "processor_config.json";

    /** Key of the image preprocessing settings. */
    static final String IMAGE_PROCESSOR = "image_processor";

    private static final String PATCH_SIZE = "patch_size";
    private static final String STRATEGY = "vision_feature_select_strategy";

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read(IMAGE_PROCESSOR, PATCH_SIZE, STRATEGY)
            // The number of image tokens in a prompt of transformers; 0 is its default for an absent key.
            .only(
                    value -> OFF.test(value) || (value.isIntegralNumber() && value.asInt() == 1),
                    "a CLIP tower has one class token; use the file that came with the weights",
                    "num_additional_image_tokens")
            .ignored("processor_class", "auto_map", "image_token", "chat_template", "tokenizer", "video_processor")
            .ignored("feature_extractor", "audio_tokenizer", "_commit_hash")
            .build();

    /**
     * The file of a folder, or null if it has none.
     *
     * @throws BadInputException if it is invalid
     */
    public static @Nullable ProcessorConfig find(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        return Files.isRegularFile(file)
                ? new ProcessorConfig(file, (ObjectNode) JsonInput.readBoundedObject(file))
                : null;
    }

    /** The image preprocessing settings, or null if the file has none, as in folders of versions 4. */
    @Nullable
    ObjectNode imageProcessor() {
        if (!json.hasNonNull(IMAGE_PROCESSOR)) {
            return null;
        }
        JsonNode nested = json.get(IMAGE_PROCESSOR);
        if (nested instanceof ObjectNode settings) {
            return settings;
        }
        throw error(IMAGE_PROCESSOR, "must be an object, is " + ConfigKeys.abbreviatedJson(nested));
    }

    /** The unknown keys beside {@link #imageProcessor()}. */
    Set<String> unknownKeys() {
        return KEYS.check(file.toString(), "", json);
    }

    /**
     * Checks that the file agrees with the model's config.
     *
     * @param config the model's {@code config.json}
     * @param patchSizePx its patch size
     * @param selectStrategy its {@code vision_feature_select_strategy}; null if that file has no such key
     * @throws BadInputException if the two contradict
     */
    public void requireAgrees(Path config, int patchSizePx, @Nullable String selectStrategy) {
        Set<String> unknown = unknownKeys();
        if (imageProcessor() == null) {
            ConfigWarnings.unknownKeys(file, unknown);
        }
        if (json.hasNonNull(PATCH_SIZE)) {
            JsonNode patch = json.get(PATCH_SIZE);
            if (!patch.isIntegralNumber()) {
                throw error(PATCH_SIZE, "must be an integer, is " + ConfigKeys.abbreviatedJson(patch));
            }
            if (!patch.canConvertToInt() || patch.intValue() != patchSizePx) {
                throw contradicts(PATCH_SIZE, patch, config, patchSizePx);
            }
        }
        JsonNode strategy = json.path(STRATEGY);
        if (selectStrategy != null
                && json.hasNonNull(STRATEGY)
                && !strategy.asText().equals(selectStrategy)) {
            throw contradicts(STRATEGY, strategy, config, '"' + selectStrategy + '"');
        }
    }

    private BadInputException contradicts(String key, JsonNode value, Path config, Object other) {
        return error(
                key,
                "is " + ConfigKeys.abbreviatedJson(value) + " but " + config + " has " + other
                        + "; use the files that came with the weights");
    }

    private BadInputException error(String key, String what) {
        return new BadInputException(file + ": \"" + key + "\" " + what);
    }
}
