package org.llava4j.data.conversation;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.TextFiles;

/** Registry of conversation templates: the built-in ones of LLaVA and of the demo, and JSON files of the same form. */
public final class ConversationTemplates {
    private static final Map<String, ConversationTemplate> BUILT_IN = builtIn("plain", "v0", "v1", "tiny", "demo");

    /** Template v0 with the targets of the published code in place of the paper's. */
    public static final String V0_PUBLISHED_LABELS = "v0-published-labels";

    private ConversationTemplates() {}

    /**
     * Returns a built-in template.
     *
     * @param name "plain", "v0", {@value #V0_PUBLISHED_LABELS}, "v1", "tiny" (the corpus of the tiny base) or "demo", or an alias such as "vicuna_v1"
     * @throws BadInputException if there is no such template
     */
    public static ConversationTemplate named(String name) {
        ConversationTemplate template = BUILT_IN.get(name);
        if (template == null) {
            throw new BadInputException("unknown conversation template \"" + name + "\"; use one of "
                    + String.join(", ", BUILT_IN.keySet()) + ", or give a JSON file");
        }
        return template;
    }

    /**
     * Loads a template from a JSON file.
     *
     * @throws BadInputException if a key is missing or unknown, or the file is not JSON
     */
    public static ConversationTemplate load(Path file) {
        return JsonInput.read(file, ConversationTemplate.class);
    }

    /** Returns a built-in template or, if the argument ends in {@code .json}, the template of that file. */
    public static ConversationTemplate of(String nameOrFile) {
        return nameOrFile.endsWith(".json") ? load(Path.of(nameOrFile)) : named(nameOrFile);
    }

    /** Tests whether a template is built in. */
    public static boolean isBuiltIn(ConversationTemplate template) {
        return template.equals(BUILT_IN.get(template.name()));
    }

    /** Returns the template as JSON that {@link #load} reads. */
    public static String json(ConversationTemplate template) {
        return JsonInput.write(template);
    }

    private static Map<String, ConversationTemplate> builtIn(String... names) {
        Map<String, ConversationTemplate> templates = new TreeMap<>();
        for (String name : List.of(names)) {
            String resource = name + ".json";
            ConversationTemplate template = JsonInput.parse(
                    resource,
                    TextFiles.resource(ConversationTemplates.class, resource).getBytes(StandardCharsets.UTF_8),
                    ConversationTemplate.class);
            templates.put(template.name(), template);
            template.aliases().forEach(alias -> templates.put(alias, template));
        }
        ConversationTemplate v0 = Objects.requireNonNull(templates.get("v0"));
        templates.put(
                V0_PUBLISHED_LABELS,
                new ConversationTemplate(
                        V0_PUBLISHED_LABELS,
                        List.of(),
                        v0.system(),
                        v0.prompt(),
                        v0.training(),
                        TargetRule.V0_PUBLISHED));
        return templates;
    }
}
