package org.llava4j.data.conversation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/** Where templates come from: those of LLaVA and of the demo are built in, others are JSON files of the same form. */
public final class ConversationTemplates {
    private static final Map<String, ConversationTemplate> BUILT_IN = builtIn("plain", "v0", "v1", "tiny");

    private ConversationTemplates() {}

    /**
     * A built-in template.
     *
     * @param name "plain", "v0", "v1" or "tiny", or one of their other names such as "vicuna_v1"
     * @throws BadInputException if there is none of that name
     */
    public static ConversationTemplate named(String name) {
        ConversationTemplate template = BUILT_IN.get(name);
        if (template == null) {
            throw new BadInputException("no conversation template is called \"" + name + "\"; known are "
                    + String.join(", ", BUILT_IN.keySet()) + ", or give a JSON file");
        }
        return template;
    }

    /** A template from a file. @throws BadInputException if a key is missing or unknown, or the file is not JSON */
    public static ConversationTemplate load(Path file) {
        return JsonInput.read(file, ConversationTemplate.class);
    }

    /** A built-in template, or where the text ends in {@code .json} the file of that path. */
    public static ConversationTemplate of(String nameOrFile) {
        return nameOrFile.endsWith(".json") ? load(Path.of(nameOrFile)) : named(nameOrFile);
    }

    /** Whether a template is one of those that every copy of this library has. */
    public static boolean isBuiltIn(ConversationTemplate template) {
        return template.equals(BUILT_IN.get(template.name()));
    }

    /** The template as JSON that {@link #load} reads. */
    public static String json(ConversationTemplate template) {
        return JsonInput.write(template);
    }

    private static Map<String, ConversationTemplate> builtIn(String... names) {
        Map<String, ConversationTemplate> templates = new TreeMap<>();
        for (String name : List.of(names)) {
            String resource = name + ".json";
            try (InputStream in = ConversationTemplates.class.getResourceAsStream(resource)) {
                ConversationTemplate template =
                        JsonInput.parse(resource, in.readAllBytes(), ConversationTemplate.class);
                templates.put(template.name(), template);
                template.aliases().forEach(alias -> templates.put(alias, template));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return templates;
    }
}
