package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;

/** Builder of the added tokens of a tokenizer. Ids must not contradict the pieces or each other. */
final class AddedTokens {
    private final Vocabulary vocabulary;
    private final boolean supportsWholeWords;
    private final Map<String, AddedToken> byContent = new HashMap<>();
    private final Map<Integer, AddedToken> byId = new HashMap<>();

    /**
     * Creates a builder.
     *
     * @param supportsWholeWords whether tokens may have {@code single_word}
     */
    AddedTokens(Vocabulary vocabulary, boolean supportsWholeWords) {
        this.vocabulary = vocabulary;
        this.supportsWholeWords = supportsWholeWords;
    }

    /** Parses a token: a string, or an object with {@code content} and flags. */
    AddedToken token(Path file, String key, int id, JsonNode node, boolean special) {
        JsonNode content = node.isObject() ? node.path("content") : node;
        if (!content.isTextual() || content.textValue().isEmpty()) {
            throw new BadInputException(file + ": \"" + key + "\" must be a string or an object with \"content\"");
        }
        if (node.path("single_word").asBoolean(false) && !supportsWholeWords) {
            throw new BadInputException(file + ": \"single_word\" of \"" + key + "\" is true for token \""
                    + content.textValue() + "\"; whole-word tokens are not supported");
        }
        return new AddedToken(
                id,
                content.textValue(),
                node.path("special").asBoolean(special),
                node.path("lstrip").asBoolean(false),
                node.path("rstrip").asBoolean(false),
                node.path("single_word").asBoolean(false),
                node.path("normalized").asBoolean(false));
    }

    /** Adds {@code added_tokens_decoder} of {@code tokenizer_config.json}: tokens by id. */
    void addDecoder(Path file, JsonNode decoder) {
        for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
            add(file, decoderToken(file, entry));
        }
    }

    /** As {@link #addDecoder}; the flags override those of a known token. */
    void overrideDecoder(Path file, JsonNode decoder) {
        for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
            override(file, decoderToken(file, entry));
        }
    }

    private AddedToken decoderToken(Path file, Map.Entry<String, JsonNode> entry) {
        int id;
        try {
            id = Integer.parseInt(entry.getKey());
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    file + ": \"added_tokens_decoder\" has the key \"" + entry.getKey() + "\", not an id", e);
        }
        return token(file, "added_tokens_decoder." + id, id, entry.getValue(), false);
    }

    /** Adds {@code added_tokens.json}: ids by content. */
    void addIds(Path file, JsonNode ids) {
        for (Map.Entry<String, JsonNode> entry : ids.properties()) {
            if (!entry.getValue().canConvertToInt() || entry.getKey().isEmpty()) {
                throw new BadInputException(file + ": \"" + entry.getKey() + "\" must have an id");
            }
            add(file, AddedToken.of(entry.getValue().intValue(), entry.getKey(), false));
        }
    }

    /** As {@link #addIds}, but tokens that are already known with their ids keep their flags. */
    void addMissingIds(Path file, JsonNode ids) {
        for (Map.Entry<String, JsonNode> entry : ids.properties()) {
            AddedToken known = byContent.get(entry.getKey());
            if (known == null
                    || !entry.getValue().isInt()
                    || known.id() != entry.getValue().intValue()) {
                addIds(file, JsonNodeFactory.instance.objectNode().set(entry.getKey(), entry.getValue()));
            }
        }
    }

    /** Adds the list of {@code tokenizer.json}, whose flags override those of a known token. */
    void addList(Path file, JsonNode list) {
        for (JsonNode node : list) {
            if (!node.path("id").canConvertToInt()) {
                throw new BadInputException(file + ": \"added_tokens\" contains " + node + " without an id");
            }
            override(file, token(file, "added_tokens", node.get("id").intValue(), node, false));
        }
    }

    private void override(Path file, AddedToken token) {
        AddedToken known = byContent.get(token.content());
        if (known != null && known.id() == token.id()) {
            put(token);
        } else {
            add(file, token);
        }
    }

    private void add(Path file, AddedToken token) {
        int id = token.id();
        // Limited, so that a wrong id does not create a vocabulary of millions of rows.
        if (id < 0 || id >= vocabulary.size() + 65536) {
            throw new BadInputException(file + ": token \"" + token.content() + "\" has the id " + id
                    + ", far outside the " + vocabulary.size() + " pieces of " + vocabulary.source());
        }
        if (id < vocabulary.size() && !vocabulary.piece(id).equals(token.content())) {
            throw new BadInputException(file + ": token \"" + token.content() + "\" has the id " + id
                    + ", which is \"" + vocabulary.piece(id) + "\" in " + vocabulary.source()
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
        Integer piece = vocabulary.id(token.content());
        if (known == null && piece == null) {
            throw new BadInputException(vocabulary.source() + ": does not contain the piece \"" + token.content()
                    + "\", which the files beside it name as a special token");
        }
        AddedToken base = known == null ? token : known;
        int id = known == null ? piece : known.id();
        put(base.asSpecial(id));
        return id;
    }

    /** Marks tokens as special; those without an id get the next free ids, as in transformers. */
    void addMissing(List<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            if (!byContent.containsKey(token.content()) && vocabulary.id(token.content()) == null) {
                put(token.asSpecial(nextId(token)));
            }
            markSpecial(token);
        }
    }

    /** The next free id. Transformers uses the number of tokens, which is a free id only if the ids have no gaps. */
    private int nextId(AddedToken token) {
        int next = vocabulary.size();
        while (byId.containsKey(next)) {
            next++;
        }
        long beyond =
                byId.keySet().stream().filter(id -> id >= vocabulary.size()).count();
        if (next - vocabulary.size() != beyond) {
            throw new BadInputException(
                    vocabulary.source() + ": the special token \"" + token.content() + "\" has no id, and"
                            + " the ids of the added tokens have gaps; set its id in \"added_tokens_decoder\"");
        }
        return next;
    }

    /** Whether a token with this content has been added. */
    boolean has(String content) {
        return byContent.containsKey(content);
    }

    /** Whether an id is that of a text, as an added token or as a piece. */
    boolean is(int id, String content) {
        AddedToken token = byContent.get(content);
        Integer known = token == null ? vocabulary.id(content) : Integer.valueOf(token.id());
        return known != null && known == id;
    }

    Map<Integer, AddedToken> byId() {
        return byId;
    }
}
