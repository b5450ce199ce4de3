package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;
import org.llava4j.data.tokenizer.SentencePiece.Type;

/**
 * Tokenizer in the metadata of a GGUF file ({@code tokenizer.ggml.*}): the pieces, scores and types of the SentencePiece
 * model that it was converted from. Its special tokens are handled as beside a {@code tokenizer.model}. Tokens that the
 * converter appended to the pieces are added tokens.
 */
public final class GgufTokenizer {
    static final String PREFIX = "tokenizer.ggml.";
    static final String MODEL = PREFIX + "model";
    static final String TOKENS = PREFIX + "tokens";
    static final String SCORES = PREFIX + "scores";
    static final String TYPES = PREFIX + "token_type";
    static final String ADD_EOS = PREFIX + "add_eos_token";
    private static final String EXTRA_WHITESPACES = PREFIX + "remove_extra_whitespaces";
    private static final String CHARS_MAP = PREFIX + "precompiled_charsmap";

    /** The name of SentencePiece models with merges by score. */
    static final String SENTENCE_PIECE = "llama";

    static final String UNKNOWN_SURFACE = " \u2047 ";

    private final SentencePieceModel model;
    private final TokenizerConfig config;

    private GgufTokenizer(SentencePieceModel model, TokenizerConfig config) {
        this.model = model;
        this.config = config;
    }

    /** Whether a GGUF file contains a tokenizer. */
    static boolean isIn(Path file) {
        return GgufHeader.read(file).metadata().has(MODEL);
    }

    /**
     * Reads the tokenizer of a file.
     *
     * @throws org.llava4j.data.BadInputException if the file has none, or one that is not supported or inconsistent
     */
    static GgufTokenizer read(Path file) {
        GgufMetadata metadata = GgufHeader.read(file).metadata();
        String kind = metadata.text(MODEL);
        if (!kind.equals(SENTENCE_PIECE)) {
            throw metadata.error(
                    MODEL,
                    "is \"" + kind + "\"; supported is \"" + SENTENCE_PIECE + "\", the tokenizer of LLaMA 1 and 2");
        }
        requireOff(metadata, ADD_EOS, "an EOS token after a prompt would end the answer before it starts");
        requireOff(metadata, EXTRA_WHITESPACES, "LLaMA's tokenizer encodes every space");
        if (metadata.has(CHARS_MAP) && !metadata.integers(CHARS_MAP).isEmpty()) {
            throw metadata.error(CHARS_MAP, "normalizes text before encoding, which LLaMA's tokenizer does not");
        }
        boolean addsSpace = metadata.bool(PREFIX + "add_space_prefix", true);
        List<SentencePiece> tokens = tokens(metadata);
        List<SentencePiece> pieces = tokens.subList(0, pieceCount(tokens));
        SentencePieceModel model = new SentencePieceModel(
                file.toString(),
                pieces,
                pieces.stream().anyMatch(piece -> piece.type() == Type.BYTE),
                addsSpace,
                UNKNOWN_SURFACE);
        boolean addsBos = metadata.bool(PREFIX + "add_bos_token", true);
        return new GgufTokenizer(
                model,
                new TokenizerConfig(
                        specials(metadata, model, tokens, addsBos), new TokenizerSettings(true, addsBos, addsSpace)));
    }

    /** The pieces. */
    SentencePieceModel model() {
        return model;
    }

    /** Special tokens and settings. */
    TokenizerConfig config() {
        return config;
    }

    /**
     * Writes the tokenizer of a GGUF file as the files of a model folder, from which the same tokenizer is loaded.
     *
     * @param to an existing folder
     */
    public static void writeFiles(Path file, Path to) {
        GgufTokenizer tokenizer = read(file);
        byte[] pieces = SentencePieceWriter.bytes(tokenizer.model);
        AtomicFile.write(to.resolve(TokenizerFiles.MODEL), channel -> channel.write(ByteBuffer.wrap(pieces)));
        AtomicFile.writeString(
                to.resolve(TokenizerFiles.CONFIG), tokenizer.json().toPrettyString() + "\n");
    }

    private ObjectNode json() {
        SpecialTokens specials = config.specials();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("tokenizer_class", "LlamaTokenizer");
        json.put("legacy", config.settings().legacy());
        json.put("add_bos_token", config.settings().addBos());
        json.put("add_eos_token", false);
        json.put("add_prefix_space", config.settings().addPrefixSpace());
        json.put("unk_token", content(specials.unk()));
        json.put("bos_token", specials.bos() == SpecialTokens.NONE ? null : content(specials.bos()));
        json.put("eos_token", content(specials.eos()));
        if (specials.pad() != specials.unk()) {
            json.put("pad_token", content(specials.pad()));
        }
        ObjectNode decoder = json.putObject("added_tokens_decoder");
        new TreeMap<>(specials.added()).forEach((id, token) -> {
            ObjectNode entry = decoder.putObject(String.valueOf(id));
            entry.put("content", token.content());
            List.of("lstrip", "normalized", "rstrip", "single_word").forEach(flag -> entry.put(flag, false));
            entry.put("special", token.special());
        });
        return json;
    }

    private String content(int id) {
        return Objects.requireNonNull(config.specials().added().get(id)).content();
    }

    private static void requireOff(GgufMetadata metadata, String key, String why) {
        if (metadata.bool(key, false)) {
            throw metadata.error(key, "is true, which is not supported: " + why);
        }
    }

    private static List<SentencePiece> tokens(GgufMetadata metadata) {
        List<String> texts = metadata.texts(TOKENS);
        List<Double> scores = metadata.decimals(SCORES);
        List<Long> types = metadata.integers(TYPES);
        requireLength(metadata, SCORES, scores.size(), texts.size());
        requireLength(metadata, TYPES, types.size(), texts.size());
        List<SentencePiece> pieces = new ArrayList<>(texts.size());
        for (int id = 0; id < texts.size(); id++) {
            if (Double.isNaN(scores.get(id))) {
                throw metadata.error(SCORES, "has NaN at " + id);
            }
            pieces.add(
                    new SentencePiece(texts.get(id), scores.get(id).floatValue(), type(metadata, id, types.get(id))));
        }
        return pieces;
    }

    private static void requireLength(GgufMetadata metadata, String key, int length, int tokens) {
        if (length != tokens) {
            throw metadata.error(key, "has " + length + " entries but \"" + TOKENS + "\" has " + tokens);
        }
    }

    private static Type type(GgufMetadata metadata, int id, long number) {
        Type[] types = Type.values();
        if (number < 1 || number > types.length) {
            throw metadata.error(TYPES, "has the unknown type " + number + " at " + id);
        }
        return types[(int) number - 1];
    }

    /** The number of tokens before those that the converter appended, which are not merged from text. */
    private static int pieceCount(List<SentencePiece> tokens) {
        int count = tokens.size();
        while (count > 0 && isAppended(tokens.get(count - 1).type())) {
            count--;
        }
        return count;
    }

    /** Whether a token after the last piece is an added token, or fills a row of a padded embedding table. */
    private static boolean isAppended(Type type) {
        return type == Type.CONTROL || type == Type.USER_DEFINED || type == Type.UNUSED;
    }

    private static SpecialTokens specials(
            GgufMetadata metadata, SentencePieceModel model, List<SentencePiece> tokens, boolean addsBos) {
        int unknown = id(metadata, "unknown_token_id", model.unkId(), tokens);
        String bosKey = "bos_token_id";
        int bos = addsBos || metadata.has(PREFIX + bosKey) ? id(metadata, bosKey, 1, tokens) : SpecialTokens.NONE;
        int eos = id(metadata, "eos_token_id", 2, tokens);
        int pad = id(metadata, "padding_token_id", unknown, tokens);
        Map<Integer, AddedToken> added = new HashMap<>();
        for (int id = model.size(); id < tokens.size(); id++) {
            Type type = tokens.get(id).type();
            if (type != Type.UNUSED) {
                added.put(id, AddedToken.of(id, tokens.get(id).text(), type == Type.CONTROL));
            }
        }
        for (int id : new int[] {unknown, bos, eos, pad}) {
            if (id != SpecialTokens.NONE) {
                added.put(id, AddedToken.of(id, tokens.get(id).text(), true));
            }
        }
        return new SpecialTokens(unknown, bos, eos, pad, added);
    }

    private static int id(GgufMetadata metadata, String name, int absent, List<SentencePiece> tokens) {
        int id = metadata.integer(PREFIX + name, absent);
        if (id >= tokens.size()) {
            throw metadata.error(
                    PREFIX + name, "is " + id + " but \"" + TOKENS + "\" has " + tokens.size() + " entries");
        }
        return id;
    }
}
