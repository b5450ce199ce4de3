package org.llava4j.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.gguf.GgufHeader;

/**
 * LLaMA tokenizer. It is read from {@code tokenizer.json}, or without that file from {@code tokenizer.model}, whose
 * special tokens are handled as by the slow Hugging Face tokenizer that LLaVA was trained with. Special tokens in a
 * text, such as {@code </s>}, are converted to their ids; the text between them is encoded separately. Immutable and
 * thread-safe.
 */
public final class LlamaTokenizer {
    /** Placeholder of an image in a prompt. */
    public static final String IMAGE_TEXT = "<image>";

    /** Placeholder of an image among token ids: the sentinel of LLaVA, not a row of the embedding table. */
    public static final int IMAGE_TOKEN_ID = -200;

    private final TokenizerBackend backend;
    private final SpecialTokens specials;
    private final TokenizerSettings settings;
    private final Map<String, AddedToken> addedByContent;
    private final int size;
    private final int maxTokenBytes;

    private LlamaTokenizer(TokenizerBackend backend, SpecialTokens specials, TokenizerSettings settings) {
        this.backend = backend;
        this.specials = specials;
        this.settings = settings;
        addedByContent = specials.byContent();
        size = specials.size(backend.vocabulary().size());
        maxTokenBytes = IntStream.range(0, size)
                .filter(this::isDefined)
                .map(id -> tokenBytes(id).length)
                .max()
                .orElse(1);
    }

    /**
     * Loads a tokenizer.
     *
     * @param modelFolderOrFile a Hugging Face folder with {@code tokenizer.json} or {@code tokenizer.model}, of which
     *     the former is used as in transformers; or one of these files. The other JSON files beside it are read too. A GGUF
     *     file contains all of it
     * @throws BadInputException if a file is missing, invalid or contradicts another
     */
    public static LlamaTokenizer load(Path modelFolderOrFile) {
        Path file = Files.isDirectory(modelFolderOrFile) ? TokenizerFiles.in(modelFolderOrFile) : modelFolderOrFile;
        if (GgufHeader.isGguf(file)) {
            GgufTokenizer read = GgufTokenizer.read(file);
            return of(read.model(), read.config());
        }
        Path folder = file.toAbsolutePath().resolveSibling("");
        if (!TokenizerFiles.isJson(file)) {
            return of(SentencePieceReader.read(file), folder);
        }
        TokenizerJson json = TokenizerJsonReader.read(file);
        TokenizerConfig read = TokenizerConfig.read(folder, file, json);
        return new LlamaTokenizer(new TokenizerJsonBackend(json, read.specials()), read.specials(), read.settings());
    }

    /** Creates a tokenizer for {@code model} with the settings of the JSON files in {@code folder}. */
    public static LlamaTokenizer of(SentencePieceModel model, Path folder) {
        return of(model, TokenizerConfig.read(folder, Vocabulary.of(model)));
    }

    static LlamaTokenizer of(SentencePieceModel model, TokenizerConfig config) {
        return new LlamaTokenizer(
                new SentencePieceBackend(model, config.specials(), config.settings()),
                config.specials(),
                config.settings());
    }

    /**
     * This tokenizer with or without the legacy behavior of Hugging Face, which inserts a space after special tokens. A
     * {@code tokenizer.json} defines it itself; then nothing changes.
     */
    public LlamaTokenizer withLegacy(boolean useLegacy) {
        return with(specials, new TokenizerSettings(useLegacy, settings.addBos(), settings.addPrefixSpace()));
    }

    /**
     * This tokenizer with additional special tokens, whose ids start at {@link #size()}; existing tokens keep their
     * ids.
     */
    public LlamaTokenizer withSpecialTokens(List<String> contents) {
        return with(specials.with(contents, backend.vocabulary().size()), settings);
    }

    private LlamaTokenizer with(SpecialTokens newSpecials, TokenizerSettings newSettings) {
        return new LlamaTokenizer(backend.with(newSpecials, newSettings), newSpecials, newSettings);
    }

    /**
     * Encodes a text with the pieces alone; special tokens are ordinary text.
     *
     * @return {@code int32[T]}
     */
    public int[] encode(String text) {
        Encoding.Builder out = new Encoding.Builder();
        backend.encodePlain(text, out);
        return out.build().ids();
    }

    /**
     * Encodes a text with its special tokens, preceded by the BOS token unless {@code add_bos_token} is false.
     *
     * @return {@code int32[T]}
     */
    public int[] encodeWithBos(String text) {
        return encodePrompt(text, false).ids();
    }

    /**
     * Encodes a prompt like {@link #encodeWithBos}, with {@link #IMAGE_TOKEN_ID} for each {@code <image>}.
     *
     * @return {@code int32[T]}
     */
    public int[] encodeWithImages(String prompt) {
        return encodePrompt(prompt, true).ids();
    }

    /**
     * Encodes a whole prompt.
     *
     * @param images whether {@code <image>} is an image placeholder; otherwise it is text
     */
    public Encoding encodePrompt(String prompt, boolean images) {
        return encodePrompt(PromptText.allTemplate(prompt, images));
    }

    /** Encodes a whole prompt; special and added tokens in message content are ordinary text. */
    public Encoding encodePrompt(PromptText prompt) {
        Encoding.Builder out = new Encoding.Builder();
        if (settings.addBos()) {
            out.add(specials.bos(), Encoding.NO_CHAR);
        }
        backend.encode(prompt, out);
        return out.build();
    }

    /**
     * Encodes a text without images, preceded by the BOS token unless {@code add_bos_token} is false.
     *
     * @param specialTokens whether special and added tokens in the text are recognized; otherwise they are ordinary text
     * @return {@code int32[T]}
     */
    public int[] encodeText(String text, boolean specialTokens) {
        PromptText prompt = PromptText.allTemplate(text, false);
        return encodePrompt(specialTokens ? prompt : prompt.withoutSpecialTokens())
                .ids();
    }

    /**
     * Decodes ids without special tokens.
     *
     * @throws BadInputException if an id is outside the vocabulary
     */
    public String decode(int[] tokenIds) {
        StreamingDecoder decoder = streamingDecoder();
        StringBuilder out = new StringBuilder();
        for (int id : tokenIds) {
            out.append(decoder.next(id));
        }
        return out.append(decoder.finish()).toString();
    }

    /** Decodes ids with special tokens, as Hugging Face does with {@code skip_special_tokens=False}. */
    public String decodeWithSpecialTokens(int[] tokenIds) {
        return backend.decodeWithSpecialTokens(tokenIds);
    }

    /** Decodes ids of pieces alone. */
    public String decodePieces(int[] tokenIds) {
        return backend.decodePieces(tokenIds);
    }

    /** A decoder for ids that are generated one by one. */
    public StreamingDecoder streamingDecoder() {
        return new StreamingDecoder(backend.decoder());
    }

    /** The id of a piece or special token, or the unknown token's id. */
    public int pieceId(String text) {
        AddedToken token = addedByContent.get(text);
        Integer id = token == null ? backend.vocabulary().id(text) : Integer.valueOf(token.id());
        return id == null ? specials.unk() : id;
    }

    /**
     * Looks up an added token.
     *
     * @return its id, or null if there is no added token with that content
     */
    public @Nullable Integer addedId(String content) {
        AddedToken token = addedByContent.get(content);
        return token == null ? null : Integer.valueOf(token.id());
    }

    /**
     * The piece or special token of an id.
     *
     * @throws BadInputException if the id is outside the vocabulary
     */
    public String piece(int id) {
        AddedToken token = specials.added().get(id);
        Vocabulary vocabulary = backend.vocabulary();
        return token != null ? token.content() : vocabulary.piece(vocabulary.checkedId(id, specials));
    }

    /**
     * The UTF-8 bytes that an id stands for inside a text. A single byte may be part of a character.
     *
     * @throws BadInputException if the id is outside the vocabulary
     */
    public byte[] tokenBytes(int id) {
        AddedToken token = specials.added().get(id);
        String text = piece(id);
        int value = token == null ? TokenizerJsonModel.byteOf(text) : -1;
        return value >= 0
                ? new byte[] {(byte) value}
                : (token == null ? text.replace(SentencePieceModel.SPACE, ' ') : text).getBytes(StandardCharsets.UTF_8);
    }

    /** Length of the longest token in UTF-8: a text of n bytes has at least n / that tokens. */
    public int maxTokenBytes() {
        return maxTokenBytes;
    }

    /** Whether an id belongs to a piece or an added token; the ids of added tokens may have gaps. */
    public boolean isDefined(int id) {
        return id >= 0 && (id < backend.vocabulary().size() || specials.added().containsKey(id));
    }

    /** Vocabulary size, including added tokens: ids are below this number. */
    public int size() {
        return size;
    }

    /** Id of the unknown token. */
    public int unkId() {
        return specials.unk();
    }

    /** Id of the begin-of-sequence token, {@link SpecialTokens#NONE} if there is none. */
    public int bosId() {
        return specials.bos();
    }

    /** Id of the end-of-sequence token. */
    public int eosId() {
        return specials.eos();
    }

    /** Id of the padding token. */
    public int padId() {
        return specials.pad();
    }

    /** Whether the legacy behavior inserts a space after special tokens. */
    public boolean isLegacy() {
        return settings.legacy();
    }

    /** Whether the BOS token precedes a text ({@code add_bos_token}). */
    public boolean addsBos() {
        return settings.addBos();
    }

    /** Whether a space is inserted before a text ({@code add_prefix_space}). */
    public boolean addsPrefixSpace() {
        return settings.addPrefixSpace();
    }

    /** The added tokens with ids above those of the pieces, by id. */
    public SortedMap<Integer, String> addedTokensAfterPieces() {
        SortedMap<Integer, String> added = new TreeMap<>();
        specials.added().forEach((id, token) -> added.put(id, token.content()));
        return added.tailMap(backend.vocabulary().size());
    }
}
