package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.JsonInput;
import org.llava4j.data.TextFiles;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;

/** Names of the files of a tokenizer in a model folder. */
public final class TokenizerFiles {
    /** SentencePiece model. */
    public static final String MODEL = "tokenizer.model";

    /** File of the Hugging Face library {@code tokenizers}. */
    public static final String JSON = "tokenizer.json";

    /** Settings and special tokens. */
    public static final String CONFIG = "tokenizer_config.json";

    /** Special tokens, in older folders. */
    public static final String SPECIAL_TOKENS_MAP = "special_tokens_map.json";

    /** Ids of added tokens, in older folders. */
    public static final String ADDED_TOKENS = "added_tokens.json";

    /** Chat template of transformers, which is copied only. */
    private static final String CHAT_TEMPLATE_TEXT = "chat_template.jinja";

    private static final String CHAT_TEMPLATE_JSON = "chat_template.json";
    private static final String CHAT_TEMPLATE_KEY = "chat_template";

    private TokenizerFiles() {}

    /**
     * The file in a folder that defines the pieces: {@link #JSON} if it is there, as in transformers, else
     * {@link #MODEL}, whether or not it is there. A GGUF file contains the pieces itself.
     */
    public static Path in(Path folder) {
        if (Files.isRegularFile(folder)) {
            return folder;
        }
        Path json = folder.resolve(JSON);
        return Files.isRegularFile(json) ? json : folder.resolve(MODEL);
    }

    /** Whether a folder or a GGUF file contains a tokenizer. */
    public static boolean isIn(Path folder) {
        if (GgufHeader.isGguf(folder)) {
            return GgufTokenizer.isIn(folder);
        }
        return Files.isRegularFile(in(folder));
    }

    /** Whether a file is a {@link #JSON}, to go by its name. */
    public static boolean isJson(Path file) {
        return file.toString().endsWith(".json");
    }

    /** Names of the files that {@link LlamaTokenizer#load} reads in a folder; some may be missing. */
    public static List<String> readIn(Path folder) {
        String pieces = isJson(in(folder)) ? JSON : MODEL;
        return List.of(pieces, CONFIG, SPECIAL_TOKENS_MAP, ADDED_TOKENS);
    }

    /** Names of all files, in the order in which they are listed. */
    public static List<String> all() {
        List<String> all = new ArrayList<>(List.of(MODEL, JSON, CONFIG, SPECIAL_TOKENS_MAP, ADDED_TOKENS));
        all.addAll(List.of(CHAT_TEMPLATE_TEXT, CHAT_TEMPLATE_JSON));
        return all;
    }

    /**
     * The chat template of transformers in a model folder or a GGUF file, which LLaVA4J does not apply.
     *
     * @param notices receives one sentence if there is one that is not a text
     * @return null if there is none
     */
    public static @Nullable String chatTemplate(Path folder, Consumer<String> notices) {
        if (GgufHeader.isGguf(folder)) {
            GgufMetadata metadata = GgufHeader.read(folder).metadata();
            String key = GgufTokenizerWriter.CHAT_TEMPLATE;
            return metadata.has(key) ? metadata.text(key) : null;
        }
        Path text = folder.resolve(CHAT_TEMPLATE_TEXT);
        if (Files.isRegularFile(text)) {
            return TextFiles.read(text);
        }
        for (String name : List.of(CHAT_TEMPLATE_JSON, CONFIG)) {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) {
                continue;
            }
            JsonNode template = JsonInput.readBoundedObject(file).path(CHAT_TEMPLATE_KEY);
            if (template.isTextual()) {
                return template.textValue();
            }
            if (!template.isMissingNode() && !template.isNull()) {
                notices.accept(
                        "left out \"" + CHAT_TEMPLATE_KEY + "\" of " + name + ", which is a list; GGUF holds one text");
            }
        }
        return null;
    }
}
