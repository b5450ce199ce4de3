package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;

/**
 * Chat format that a model was trained with and must be prompted with. Released LLaVA configs do not contain it;
 * LLaVA4J writes it into {@code config.json}.
 *
 * @param template formats the turns as one text
 * @param imageFirst whether {@code <image>} is moved to the front of its turn
 */
public record ChatFormat(ConversationTemplate template, boolean imageFirst) {
    /** LLaVA4J's key of {@code config.json}: a built-in conversation template, or a JSON file of the model folder. */
    public static final String CONV_MODE = "llava4j_conv_mode";

    /** LLaVA4J's key of {@code config.json}: whether {@code <image>} is moved to the front of its turn. */
    public static final String IMAGE_FIRST = "llava4j_image_first";

    /** File of a custom template in a model folder. */
    public static final String TEMPLATE_FILE = "conversation_template.json";

    /** Whether a model folder has a chat format. */
    public static boolean isIn(Path folder) {
        return ConfigJson.read(folder).has(CONV_MODE);
    }

    /**
     * Reads the chat format of a model folder.
     *
     * @throws BadInputException if it has none, as in released folders
     */
    public static ChatFormat of(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        if (!json.has(CONV_MODE)) {
            throw new BadInputException(folder + ": config.json has no conversation template (\"" + CONV_MODE
                    + "\"); give --conv-mode v1, v0 or a file");
        }
        String mode = json.pathName(CONV_MODE);
        String nameOrFile = mode.endsWith(".json") ? folder.resolve(mode).toString() : mode;
        return new ChatFormat(ConversationTemplates.of(nameOrFile), imageFirst(json));
    }

    /** Reads the chat format, with another conversation template unless {@code convMode} is null. */
    public static ChatFormat of(Path folder, @Nullable String convMode) {
        return convMode == null
                ? of(folder)
                : new ChatFormat(ConversationTemplates.of(convMode), imageFirst(ConfigJson.read(folder)));
    }

    private static boolean imageFirst(ConfigJson json) {
        return json.bool(IMAGE_FIRST, ImageMarkup.V1.imageFirst());
    }

    /** How images are marked up in a turn, given whether the model has image start and end tokens. */
    public ImageMarkup markup(LlavaConfig config) {
        return new ImageMarkup(imageFirst, config.imageStartEndTokens() != null);
    }

    /** Adds the keys to a config; writes a custom template as a file into the folder. */
    public void writeTo(Path folder, ObjectNode config) {
        boolean builtIn = ConversationTemplates.isBuiltIn(template);
        if (!builtIn) {
            AtomicFile.writeString(folder.resolve(TEMPLATE_FILE), ConversationTemplates.json(template));
        }
        config.put(CONV_MODE, builtIn ? template.name() : TEMPLATE_FILE);
        config.put(IMAGE_FIRST, imageFirst);
    }
}
