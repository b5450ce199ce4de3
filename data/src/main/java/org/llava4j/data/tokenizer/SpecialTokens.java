package org.llava4j.data.tokenizer;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.llava4j.data.BadInputException;

/**
 * Special and added tokens of a tokenizer.
 *
 * @param unk id of {@code <unk>}
 * @param bos id of {@code <s>}, which precedes prompts if the tokenizer adds it; {@link #NONE} if there is none
 * @param eos id of {@code </s>}, which ends an answer
 * @param pad id of the padding token; the unknown token's if the folder does not define one
 * @param added all of them and other tokens that are matched in a text, by id
 */
record SpecialTokens(int unk, int bos, int eos, int pad, Map<Integer, AddedToken> added) {
    /** Id of a missing BOS token. */
    static final int NONE = -1;

    public SpecialTokens {
        added = Map.copyOf(added);
    }

    /** The vocabulary size of a tokenizer with {@code pieces} pieces and these tokens. */
    int size(int pieces) {
        int size = pieces;
        for (int id : added.keySet()) {
            size = Math.max(size, id + 1);
        }
        return size;
    }

    Map<String, AddedToken> byContent() {
        Map<String, AddedToken> map = new HashMap<>();
        added.values().forEach(token -> map.put(token.content(), token));
        return map;
    }

    /** Adds tokens with the next free ids; known tokens are unchanged. */
    SpecialTokens with(Collection<String> more, int pieces) {
        Map<Integer, AddedToken> all = new HashMap<>(added);
        Map<String, AddedToken> known = byContent();
        int id = size(pieces);
        for (String content : more) {
            if (content.isEmpty()) {
                throw new BadInputException("an added token must not be empty; use a text such as <im_start>");
            }
            if (!known.containsKey(content)) {
                AddedToken token = AddedToken.of(id++, content, true);
                known.put(content, token);
                all.put(token.id(), token);
            }
        }
        return new SpecialTokens(unk, bos, eos, pad, all);
    }
}
