package org.llava4j.data.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.gguf.GgufHeader;

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

    /** Chat templates of transformers, which are copied only. */
    private static final List<String> CHAT_TEMPLATES = List.of("chat_template.jinja", "chat_template.json");

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
        all.addAll(CHAT_TEMPLATES);
        return all;
    }
}
