package org.llava4j.model.config;

import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.TokenizerFiles;

/** Check for a tokenizer with more ids than the token embedding table has rows. */
public final class VocabularyCheck {
    private static final int MAX_LISTED = 3;

    private VocabularyCheck() {}

    /**
     * Loads a folder's tokenizer and logs a warning if some of its tokens have no row. The model still loads, since
     * most texts contain none of them; a text that does is rejected.
     *
     * @param rows of the token embedding table, V
     * @throws org.llava4j.data.BadInputException as {@link LlamaTokenizer#load}
     */
    public static LlamaTokenizer load(Path folder, int rows) {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(folder);
        int without = tokenizer.size() - rows;
        if (without > 0) {
            String first = IntStream.range(rows, rows + Math.min(without, MAX_LISTED))
                    .mapToObj(id -> name(tokenizer, id))
                    .collect(Collectors.joining(", "));
            ConfigWarnings.report(
                    TokenizerFiles.in(folder),
                    "the tokenizer has " + tokenizer.size() + " ids but the token table only " + rows + " rows: "
                            + first + (without > MAX_LISTED ? " and " + (without - MAX_LISTED) + " more" : "")
                            + " cannot be read; use the tokenizer that came with the weights");
        }
        return tokenizer;
    }

    /** Id and piece of a token; ids of added tokens may have gaps. */
    private static String name(LlamaTokenizer tokenizer, int id) {
        return tokenizer.isDefined(id) ? id + " \"" + tokenizer.piece(id) + "\"" : String.valueOf(id);
    }
}
