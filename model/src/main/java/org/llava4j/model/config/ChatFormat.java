package org.llava4j.model.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.ConversationTemplate;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.ImageMarkup;

/**
 * How a model was taught to converse, and so must be asked. Released configs do not say it; those that we write do.
 *
 * @param template how turns become one text
 * @param imageFirst whether images stand at the front of their turn, whatever the question says
 */
public record ChatFormat(ConversationTemplate template, boolean imageFirst) {
    /** Our own key of {@code config.json}: a built-in template, or a JSON file of the model folder. */
    public static final String CONV_MODE = "llava4j_conv_mode";

    /** Our own key of {@code config.json}. */
    public static final String IMAGE_FIRST = "llava4j_image_first";

    /** A template that is not built in, in a model folder. */
    public static final String TEMPLATE_FILE = "conversation_template.json";

    /** Whether a model folder says how it was taught to converse. */
    public static boolean isIn(Path folder) {
        return ConfigJson.read(folder).has(CONV_MODE);
    }

    /**
     * What a model folder says of itself.
     *
     * @throws BadInputException if it says nothing, as released folders do
     */
    public static ChatFormat of(Path folder) {
        ConfigJson json = ConfigJson.read(folder);
        if (!json.has(CONV_MODE)) {
            throw new BadInputException(folder + ": config.json does not say how this model was taught to converse;"
                    + " give --conv-mode v1, v0 or a file");
        }
        String mode = json.text(CONV_MODE);
        String nameOrFile = mode.endsWith(".json") ? folder.resolve(mode).toString() : mode;
        return new ChatFormat(ConversationTemplates.of(nameOrFile), imageFirst(json));
    }

    /** The template that is given, or the folder's own where it is null; images stand where the folder says. */
    public static ChatFormat of(Path folder, String convMode) {
        return convMode == null
                ? of(folder)
                : new ChatFormat(ConversationTemplates.of(convMode), imageFirst(ConfigJson.read(folder)));
    }

    private static boolean imageFirst(ConfigJson json) {
        return json.bool(IMAGE_FIRST, ImageMarkup.V1.imageFirst());
    }

    /** How a turn with images is written for a model, whose config says what stands around an image. */
    public ImageMarkup markup(LlavaConfig config) {
        return new ImageMarkup(imageFirst, config.imageStartEndTokens().isPresent());
    }

    /** Adds the keys to a config; a template that is not built in goes beside it as a file of its own. */
    public void writeTo(Path folder, ObjectNode config) {
        boolean builtIn = ConversationTemplates.isBuiltIn(template);
        if (!builtIn) {
            AtomicFile.writeString(folder.resolve(TEMPLATE_FILE), ConversationTemplates.json(template));
        }
        config.put(CONV_MODE, builtIn ? template.name() : TEMPLATE_FILE);
        config.put(IMAGE_FIRST, imageFirst);
    }
}
