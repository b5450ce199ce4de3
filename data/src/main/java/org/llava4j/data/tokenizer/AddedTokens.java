package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;

/** Builder of the added tokens of a tokenizer. Ids must not contradict the pieces or each other. */
final class AddedTokens {
    private final SentencePieceModel model;
    private final Map<String, Integer> pieces = new HashMap<>();
    private final Map<String, AddedToken> byContent = new HashMap<>();
    private final Map<Integer, AddedToken> byId = new HashMap<>();

    AddedTokens(SentencePieceModel model) {
        this.model = model;
        for (int id = 0; id < model.size(); id++) {
            pieces.put(model.pieces().get(id).text(), id);
        }
    }

    /** Parses a token: a string, or an object with {@code content} and flags. */
    static AddedToken token(Path file, String key, int id, JsonNode node, boolean special) {
        JsonNode content = node.isObject() ? node.path("content") : node;
        if (!content.isTextual() || content.textValue().isEmpty()) {
            throw new BadInputException(file + ": \"" + key + "\" must be a string or an object with \"content\"");
        }
        if (node.path("single_word").asBoolean(false)) {
            throw new BadInputException(file + ": \"single_word\" of \"" + key + "\" is true for token \""
                    + content.textValue() + "\"; whole-word tokens are not supported");
        }
        return new AddedToken(
                id,
                content.textValue(),
                node.path("special").asBoolean(special),
                node.path("lstrip").asBoolean(false),
                node.path("rstrip").asBoolean(false));
    }

    /** Adds {@code added_tokens_decoder} of {@code tokenizer_config.json}: tokens by id. */
    void addDecoder(Path file, JsonNode decoder) {
        for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
            int id;
            try {
                id = Integer.parseInt(entry.getKey());
            } catch (NumberFormatException e) {
                throw new BadInputException(
                        file + ": \"added_tokens_decoder\" has the key \"" + entry.getKey() + "\", not an id", e);
            }
            add(file, token(file, "added_tokens_decoder." + id, id, entry.getValue(), false));
        }
    }

    /** Adds {@code added_tokens.json}: ids by content. */
    void addIds(Path file, JsonNode ids) {
        for (Map.Entry<String, JsonNode> entry : ids.properties()) {
            if (!entry.getValue().canConvertToInt() || entry.getKey().isEmpty()) {
                throw new BadInputException(file + ": \"" + entry.getKey() + "\" must have an id");
            }
            add(file, new AddedToken(entry.getValue().intValue(), entry.getKey(), false, false, false));
        }
    }

    /** Adds the list of {@code tokenizer.json}, whose flags override those of a known token. */
    void addList(Path file, JsonNode list) {
        for (JsonNode node : list) {
            if (!node.path("id").canConvertToInt()) {
                throw new BadInputException(file + ": \"added_tokens\" contains " + node + " without an id");
            }
            AddedToken token = token(file, "added_tokens", node.get("id").intValue(), node, false);
            AddedToken known = byContent.get(token.content());
            if (known != null && known.id() == token.id()) {
                put(token);
            } else {
                add(file, token);
            }
        }
    }

    private void add(Path file, AddedToken token) {
        int id = token.id();
        // Limited, so that a wrong id does not create a vocabulary of millions of rows.
        if (id < 0 || id >= model.size() + 65536) {
            throw new BadInputException(file + ": token \"" + token.content() + "\" has the id " + id
                    + ", far outside the " + model.size() + " pieces of " + model.source());
        }
        if (id < model.size() && !model.pieces().get(id).text().equals(token.content())) {
            throw new BadInputException(file + ": token \"" + token.content() + "\" has the id " + id
                    + ", which is \"" + model.pieces().get(id).text() + "\" in " + model.source()
                    + "; the files belong to different models");
        }
        AddedToken other = byId.putIfAbsent(id, token);
        if (other != null || byContent.putIfAbsent(token.content(), token) != null) {
            throw new BadInputException(
                    file + ": token \"" + token.content() + "\" with the id " + id + " is listed twice");
        }
    }

    private void put(AddedToken token) {
        byContent.put(token.content(), token);
        byId.put(token.id(), token);
    }

    /**
     * Marks a token as special and returns its id.
     *
     * @throws BadInputException if the vocabulary does not contain it
     */
    int markSpecial(AddedToken token) {
        AddedToken known = byContent.get(token.content());
        Integer piece = pieces.get(token.content());
        if (known == null && piece == null) {
            throw new BadInputException(model.source() + ": does not contain the piece \"" + token.content()
                    + "\", which the files beside it name as a special token");
        }
        AddedToken base = known == null ? token : known;
        int id = known == null ? piece : known.id();
        put(new AddedToken(id, base.content(), true, base.lstrip(), base.rstrip()));
        return id;
    }

    /** Marks tokens as special; those without an id get the next free ids, as in transformers. */
    void addMissing(List<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            if (!byContent.containsKey(token.content()) && !pieces.containsKey(token.content())) {
                put(new AddedToken(nextId(token), token.content(), true, token.lstrip(), token.rstrip()));
            }
            markSpecial(token);
        }
    }

    /** The next free id. Transformers uses the number of tokens, which is a free id only if the ids have no gaps. */
    private int nextId(AddedToken token) {
        int next = model.size();
        while (byId.containsKey(next)) {
            next++;
        }
        long beyond = byId.keySet().stream().filter(id -> id >= model.size()).count();
        if (next - model.size() != beyond) {
            throw new BadInputException(
                    model.source() + ": the special token \"" + token.content() + "\" has no id, and"
                            + " the ids of the added tokens have gaps; set its id in \"added_tokens_decoder\"");
        }
        return next;
    }

    /** Whether a token with this content has been added. */
    boolean has(String content) {
        return byContent.containsKey(content);
    }

    Map<Integer, AddedToken> byId() {
        return byId;
    }
}
