package org.llava4j.data.tokenizer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.llava4j.data.BadInputException;

/**
 * The tokens that stand outside the text: the four with a role, and whatever else a model folder adds.
 *
 * @param unk id of {@code <unk>}
 * @param bos id of {@code <s>}, put before every prompt where the tokenizer does so; {@link #NONE} if it has none
 * @param eos id of {@code </s>}, where an answer stops
 * @param pad id that fills a batch; the unknown token's where the folder names none
 * @param added all of them, and any others that are looked for in a text, by id
 */
public record SpecialTokens(int unk, int bos, int eos, int pad, Map<Integer, AddedToken> added) {
    /** The id of a begin token that a tokenizer does not have. */
    public static final int NONE = -1;

    public SpecialTokens {
        added = Map.copyOf(added);
    }

    /** The number of ids from 0 on that a tokenizer over {@code pieces} pieces has with these tokens. */
    int size(int pieces) {
        int size = pieces;
        for (int id : added.keySet()) {
            size = Math.max(size, id + 1);
        }
        return size;
    }

    /** Matches the leftmost, then longest of the added tokens. */
    Pattern pattern() {
        List<String> contents = new ArrayList<>();
        added.values().forEach(token -> contents.add(token.content()));
        contents.sort((a, b) -> Integer.compare(b.length(), a.length()));
        contents.replaceAll(Pattern::quote);
        return Pattern.compile(String.join("|", contents));
    }

    Map<String, AddedToken> byContent() {
        Map<String, AddedToken> map = new HashMap<>();
        added.values().forEach(token -> map.put(token.content(), token));
        return map;
    }

    /** These and {@code more}, as tokens of their own right behind the existing ids; known ones stay as they are. */
    SpecialTokens with(Collection<String> more, int pieces) {
        Map<Integer, AddedToken> all = new HashMap<>(added);
        Map<String, AddedToken> known = byContent();
        int id = size(pieces);
        for (String content : more) {
            if (content.isEmpty()) {
                throw new BadInputException("an added token must not be empty; give it a text such as <im_start>");
            }
            if (!known.containsKey(content)) {
                AddedToken token = new AddedToken(id++, content, true, false, false);
                known.put(content, token);
                all.put(token.id(), token);
            }
        }
        return new SpecialTokens(unk, bos, eos, pad, all);
    }
}
