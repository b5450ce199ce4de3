package org.llava4j.data.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadataBuilder;
import org.llava4j.data.tokenizer.SentencePiece.Type;

/**
 * Writer of a model folder's tokenizer into the metadata of a GGUF file, which {@link GgufTokenizer} reads. Like in files of
 * llama.cpp's converter there is one token for each row of the token embeddings: the pieces, the added tokens, and unused
 * tokens for rows without one.
 */
public final class GgufTokenizerWriter {
    /** Key of a chat template of transformers. */
    public static final String CHAT_TEMPLATE = "tokenizer.chat_template";

    /** Scores of tokens that are never merged from text, as llama.cpp's converter has them. */
    private static final float ADDED_SCORE = -1000;

    private static final float UNUSED_SCORE = -10_000;

    private final SentencePieceModel model;
    private final TokenizerConfig config;
    private final int rows;
    private final Consumer<String> notices;

    private GgufTokenizerWriter(SentencePieceModel model, TokenizerConfig config, int rows, Consumer<String> notices) {
        if (!model.byteFallback()) {
            throw new BadInputException(model.source() + " has no byte fallback, but llama.cpp encodes every unknown"
                    + " character as bytes; export another layout");
        }
        this.model = model;
        this.config = config;
        this.rows = rows;
        this.notices = notices;
    }

    /**
     * Adds the tokenizer of a model, without its chat template.
     *
     * @param folder a model folder or a GGUF file
     * @param rows number of rows of the token embeddings
     * @param notices receives one sentence for each setting that the file cannot hold
     * @throws BadInputException if the folder has no tokenizer, or GGUF cannot hold its encoding, or it does not fit the embeddings
     */
    public static void write(Path folder, int rows, GgufMetadataBuilder metadata, Consumer<String> notices) {
        of(folder, rows, notices).write(metadata);
    }

    private static GgufTokenizerWriter of(Path folder, int rows, Consumer<String> notices) {
        if (GgufHeader.isGguf(folder)) {
            GgufTokenizer tokenizer = GgufTokenizer.read(folder);
            return new GgufTokenizerWriter(tokenizer.model(), tokenizer.config(), rows, notices);
        }
        Path file = TokenizerFiles.in(folder);
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(
                    folder + " has no " + TokenizerFiles.MODEL + " or " + TokenizerFiles.JSON + "; add the file");
        }
        if (TokenizerFiles.isJson(file)) {
            return ofJson(folder, file, rows, notices);
        }
        SentencePieceModel model = SentencePieceReader.read(file);
        return new GgufTokenizerWriter(model, TokenizerConfig.read(folder, Vocabulary.of(model)), rows, notices);
    }

    /** Uses the scores of a {@code tokenizer.model} beside a {@code tokenizer.json} if both agree, else the ranks of the latter. */
    private static GgufTokenizerWriter ofJson(Path folder, Path file, int rows, Consumer<String> notices) {
        Path model = folder.resolve(TokenizerFiles.MODEL);
        if (Files.isRegularFile(model) && TokenizerComparison.difference(folder) == null) {
            SentencePieceModel read = SentencePieceReader.read(model);
            return new GgufTokenizerWriter(read, TokenizerConfig.read(folder, Vocabulary.of(read)), rows, notices);
        }
        TokenizerJson json = TokenizerJsonReader.read(file);
        TokenizerConfig config = TokenizerConfig.read(folder, file, json);
        LlamaTokenizer original = LlamaTokenizer.load(file);
        List<TokenizerSettings> candidates = new ArrayList<>();
        for (boolean legacy : new boolean[] {true, false}) {
            for (boolean addsPrefix : new boolean[] {true, false}) {
                candidates.add(new TokenizerSettings(legacy, config.settings().addBos(), addsPrefix));
            }
        }
        List<String> differences = new ArrayList<>();
        List<GgufTokenizerWriter> writers = new ArrayList<>();
        for (TokenizerSettings settings : candidates) {
            GgufTokenizerWriter writer = ofJson(file, json, config.specials(), settings, rows, notices);
            String difference = TokenizerComparison.differenceOfTexts(original, writer.tokenizer());
            if (difference == null) {
                return writer.requireSameMerges(original);
            }
            differences.add(difference);
            writers.add(writer);
        }
        // The first candidate inserts a space before every text.
        if (TokenizerComparison.differenceWithoutLeadingSpaces(
                        original, writers.get(0).tokenizer())
                != null) {
            throw new BadInputException(file + " encodes text unlike any tokenizer in a GGUF file: "
                    + differences.get(0) + "; export another layout");
        }
        notices.accept(TokenizerFiles.JSON
                + " inserts no space before text that begins with one, which GGUF cannot hold: " + differences.get(0));
        return writers.get(0).requireSameMerges(original);
    }

    private static GgufTokenizerWriter ofJson(
            Path file,
            TokenizerJson json,
            SpecialTokens specials,
            TokenizerSettings settings,
            int rows,
            Consumer<String> notices) {
        return new GgufTokenizerWriter(
                TokenizerJsonPieces.read(file, json, specials, settings.addPrefixSpace()),
                new TokenizerConfig(specials, settings),
                rows,
                notices);
    }

    private LlamaTokenizer tokenizer() {
        return LlamaTokenizer.of(model, config);
    }

    private GgufTokenizerWriter requireSameMerges(LlamaTokenizer original) {
        String difference = TokenizerComparison.differenceOfMerges(original, tokenizer());
        if (difference != null) {
            throw new BadInputException(model.source() + " merges pieces in an order that scores in a GGUF file cannot"
                    + " express: " + difference + "; export another layout");
        }
        return this;
    }

    private void write(GgufMetadataBuilder metadata) {
        SpecialTokens specials = config.specials();
        List<SentencePiece> tokens = tokens();
        metadata.text(GgufTokenizer.MODEL, GgufTokenizer.SENTENCE_PIECE);
        metadata.text(GgufTokenizer.PREFIX + "pre", "default");
        metadata.texts(
                GgufTokenizer.TOKENS, tokens.stream().map(SentencePiece::text).toList());
        metadata.decimals(
                GgufTokenizer.SCORES, tokens.stream().map(SentencePiece::score).toList());
        metadata.integers(
                GgufTokenizer.TYPES,
                tokens.stream().map(token -> token.type().ordinal() + 1).toList());
        if (specials.bos() != SpecialTokens.NONE) {
            metadata.integer(GgufTokenizer.PREFIX + "bos_token_id", requireRow("BOS", specials.bos()));
        }
        metadata.integer(GgufTokenizer.PREFIX + "eos_token_id", requireRow("EOS", specials.eos()));
        metadata.integer(GgufTokenizer.PREFIX + "unknown_token_id", requireRow("unknown", specials.unk()));
        if (specials.pad() != specials.unk() && specials.pad() < rows) {
            metadata.integer(GgufTokenizer.PREFIX + "padding_token_id", specials.pad());
        }
        metadata.bool(GgufTokenizer.PREFIX + "add_bos_token", config.settings().addBos());
        metadata.bool(GgufTokenizer.ADD_EOS, false);
        metadata.bool(GgufTokenizer.PREFIX + "add_space_prefix", addsSpace());
        reportLosses();
    }

    private boolean addsSpace() {
        return config.settings().legacy()
                ? model.addDummyPrefix()
                : config.settings().addPrefixSpace();
    }

    private int requireRow(String what, int id) {
        if (id >= rows) {
            throw new BadInputException(model.source() + ": the " + what + " token has the id " + id
                    + " but the token embeddings have " + rows + " rows; tokenizer and model do not match");
        }
        return id;
    }

    /** The tokens of all rows, with distinct texts, because llama.cpp aborts on others. */
    private List<SentencePiece> tokens() {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < rows; id++) {
            SentencePiece token = token(id);
            if (token != null) {
                requireNew(token.text(), id, ids);
            }
        }
        List<SentencePiece> tokens = new ArrayList<>(rows);
        for (int id = 0; id < rows; id++) {
            SentencePiece token = token(id);
            tokens.add(token == null ? new SentencePiece(unusedText(id, ids), UNUSED_SCORE, Type.UNUSED) : token);
        }
        return tokens;
    }

    private void requireNew(String text, int id, Map<String, Integer> ids) {
        Integer earlier = ids.putIfAbsent(text, id);
        if (earlier != null) {
            throw new BadInputException(model.source() + ": the tokens " + earlier + " and " + id + " are both "
                    + TokenizerComparison.quoted(text) + ", which llama.cpp does not load; rename one of them");
        }
    }

    private static String unusedText(int id, Map<String, Integer> ids) {
        String text = "[PAD" + id + "]";
        while (ids.putIfAbsent(text, id) != null) {
            text = "[" + text + "]";
        }
        return text;
    }

    /** The token of a row; null if it has none. */
    private @Nullable SentencePiece token(int id) {
        AddedToken added = config.specials().added().get(id);
        @Nullable SentencePiece piece = id < model.size() ? model.pieces().get(id) : null;
        if (added == null) {
            return piece;
        }
        boolean isUnknown = piece != null && piece.type() == Type.UNKNOWN;
        Type type = isUnknown ? Type.UNKNOWN : added.special() ? Type.CONTROL : Type.USER_DEFINED;
        return new SentencePiece(added.content(), piece == null ? ADDED_SCORE : piece.score(), type);
    }

    private void reportLosses() {
        if (!config.settings().legacy() && addsSpace()) {
            notices.accept("the tokenizer has \"legacy\" false, which GGUF cannot hold:"
                    + " a space is inserted before text after a special token");
        }
        if (model.size() > rows) {
            int pieces = model.size() - rows;
            notices.accept("left out " + pieces + (pieces == 1 ? " piece" : " pieces")
                    + " of the tokenizer without token embeddings");
        }
        List<String> withoutRow = new ArrayList<>();
        List<String> strips = new ArrayList<>();
        new TreeMap<>(config.specials().added()).forEach((id, token) -> {
            if (id >= rows) {
                withoutRow.add(token.content());
            } else if (token.lstrip() || token.rstrip() || token.singleWord()) {
                strips.add(token.content());
            }
        });
        if (!withoutRow.isEmpty()) {
            notices.accept("left out added tokens without token embeddings: " + String.join(", ", withoutRow));
        }
        if (!strips.isEmpty()) {
            notices.accept(
                    "GGUF cannot hold lstrip, rstrip and single_word of added tokens: " + String.join(", ", strips));
        }
        if (!Objects.equals(model.unknownSurface(), GgufTokenizer.UNKNOWN_SURFACE)) {
            notices.accept("GGUF cannot hold that the unknown token decodes to \"" + model.unknownSurface() + "\"");
        }
    }
}
