package org.llava4j.data.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * What the files beside {@code tokenizer.model} say: {@code tokenizer_config.json}, {@code special_tokens_map.json} and
 * {@code added_tokens.json}, each of which may be missing. The first that names a token wins, in that order; without
 * any of them LLaMA's {@code <unk>}, {@code <s>} and {@code </s>} are the special tokens.
 *
 * @param legacy whether text after a special token is encoded as if a space stood before it (the behaviour LLaVA was
 *     trained with, and the default)
 */
record TokenizerFolder(SpecialTokens specials, boolean legacy) {
    static TokenizerFolder read(Path folder, SentencePieceModel model) {
        Path configFile = folder.resolve("tokenizer_config.json");
        Path mapFile = folder.resolve("special_tokens_map.json");
        Path addedFile = folder.resolve("added_tokens.json");
        JsonNode config = object(configFile);
        JsonNode map = object(mapFile);
        Collector tokens = new Collector(model);
        tokens.decoder(configFile, config.path("added_tokens_decoder"));
        tokens.ids(addedFile, object(addedFile));
        SpecialTokens specials = tokens.build(
                firstNamed("unk_token", "<unk>", configFile, config, mapFile, map),
                firstNamed("bos_token", "<s>", configFile, config, mapFile, map),
                firstNamed("eos_token", "</s>", configFile, config, mapFile, map),
                firstNamed("pad_token", "", configFile, config, mapFile, map));
        return new TokenizerFolder(specials, config.path("legacy").asBoolean(true));
    }

    private static JsonNode object(Path file) {
        if (!Files.exists(file)) {
            return JsonNodeFactory.instance.objectNode();
        }
        return JsonInput.readObject(file);
    }

    private static AddedToken firstNamed(
            String key, String otherwise, Path configFile, JsonNode config, Path mapFile, JsonNode map) {
        boolean inConfig = config.hasNonNull(key);
        JsonNode node = inConfig ? config.get(key) : map.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return new AddedToken(-1, otherwise, true, false, false);
        }
        return token(inConfig ? configFile : mapFile, key, -1, node, true);
    }

    private static AddedToken token(Path file, String key, int id, JsonNode node, boolean special) {
        JsonNode content = node.isObject() ? node.path("content") : node;
        if (!content.isTextual() || content.textValue().isEmpty()) {
            throw new BadInputException(file + ": \"" + key + "\" must be a text or an object with \"content\"");
        }
        return new AddedToken(
                id,
                content.textValue(),
                node.path("special").asBoolean(special),
                node.path("lstrip").asBoolean(false),
                node.path("rstrip").asBoolean(false));
    }

    /** Gathers tokens by content; ids must not contradict the pieces. */
    private static final class Collector {
        private final SentencePieceModel model;
        private final Map<String, Integer> pieces = new HashMap<>();
        private final Map<String, AddedToken> byContent = new HashMap<>();
        private final Map<Integer, AddedToken> byId = new HashMap<>();

        Collector(SentencePieceModel model) {
            this.model = model;
            for (int id = 0; id < model.size(); id++) {
                pieces.put(model.pieces().get(id).text(), id);
            }
        }

        void decoder(Path file, JsonNode decoder) {
            for (Iterator<Map.Entry<String, JsonNode>> it = decoder.fields(); it.hasNext(); ) {
                Map.Entry<String, JsonNode> entry = it.next();
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

        void ids(Path file, JsonNode ids) {
            for (Iterator<Map.Entry<String, JsonNode>> it = ids.fields(); it.hasNext(); ) {
                Map.Entry<String, JsonNode> entry = it.next();
                if (!entry.getValue().canConvertToInt() || entry.getKey().isEmpty()) {
                    throw new BadInputException(file + ": \"" + entry.getKey() + "\" must have an id");
                }
                if (!byContent.containsKey(entry.getKey())) {
                    add(file, new AddedToken(entry.getValue().intValue(), entry.getKey(), false, false, false));
                }
            }
        }

        private void add(Path file, AddedToken token) {
            int id = token.id();
            // Bounded, so that a wrong id does not make a vocabulary of millions of rows.
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
                        file + ": token \"" + token.content() + "\" with the id " + id + " is there twice");
            }
        }

        SpecialTokens build(AddedToken unknown, AddedToken begin, AddedToken end, AddedToken pad) {
            int unknownId = role(unknown);
            int beginId = role(begin);
            int endId = role(end);
            int padId = pad.content().isEmpty() ? unknownId : role(pad);
            return new SpecialTokens(unknownId, beginId, endId, padId, byId);
        }

        /** The id of a token with a role; such a token is special whatever else is said of it. */
        private int role(AddedToken token) {
            AddedToken known = byContent.get(token.content());
            Integer piece = pieces.get(token.content());
            if (known == null && piece == null) {
                throw new BadInputException(model.source() + ": has no piece \"" + token.content()
                        + "\", which the files beside it name as a special token");
            }
            AddedToken base = known == null ? token : known;
            int id = known == null ? piece : known.id();
            AddedToken special = new AddedToken(id, base.content(), true, base.stripLeft(), base.stripRight());
            byContent.put(special.content(), special);
            byId.put(id, special);
            return id;
        }
    }
}
