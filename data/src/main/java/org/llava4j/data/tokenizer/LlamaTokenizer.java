package org.llava4j.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * LLaMA tokenizer with the behavior of the slow Hugging Face tokenizer that LLaVA was trained with. Special tokens in a
 * text, such as {@code </s>}, are converted to their ids; the text between them is encoded separately. Immutable and
 * thread-safe.
 */
public final class LlamaTokenizer {
    /** Placeholder of an image in a prompt. */
    public static final String IMAGE_TEXT = "<image>";

    /** Placeholder of an image among token ids: the sentinel of LLaVA, not a row of the embedding table. */
    public static final int IMAGE_TOKEN_ID = -200;

    private final SentencePieceModel model;
    private final SpecialTokens specials;
    private final TokenizerSettings settings;
    private final BpeEncoder bpe;
    private final Pattern addedPattern;
    private final Map<String, AddedToken> addedByContent;
    private final Map<String, Integer> ids = new HashMap<>();
    private final int size;
    private final int loneSpaceId;

    private LlamaTokenizer(SentencePieceModel model, SpecialTokens specials, TokenizerSettings settings) {
        this.model = model;
        this.specials = specials;
        this.settings = settings;
        bpe = new BpeEncoder(model);
        addedPattern = specials.pattern();
        addedByContent = specials.byContent();
        size = specials.size(model.size());
        for (int id = 0; id < model.size(); id++) {
            ids.put(model.pieces().get(id).text(), id);
        }
        addedByContent.forEach((content, token) -> ids.put(content, token.id()));
        loneSpaceId = pieceId(String.valueOf(SentencePieceModel.SPACE));
    }

    /**
     * Loads a tokenizer.
     *
     * @param modelFolderOrFile a Hugging Face folder with {@code tokenizer.model}, or that file; the JSON files beside
     *     it are read too
     * @throws BadInputException if a file is missing, invalid or contradicts another
     */
    public static LlamaTokenizer load(Path modelFolderOrFile) {
        Path file =
                Files.isDirectory(modelFolderOrFile) ? modelFolderOrFile.resolve("tokenizer.model") : modelFolderOrFile;
        SentencePieceModel model = SentencePieceReader.read(file);
        return of(model, file.toAbsolutePath().resolveSibling(""));
    }

    /** Creates a tokenizer for {@code model} with the settings of the JSON files in {@code folder}. */
    public static LlamaTokenizer of(SentencePieceModel model, Path folder) {
        TokenizerConfig read = TokenizerConfig.read(folder, model);
        return new LlamaTokenizer(model, read.specials(), read.settings());
    }

    /**
     * This tokenizer with or without the legacy behavior of Hugging Face, which inserts a space after special tokens.
     */
    public LlamaTokenizer withLegacy(boolean useLegacy) {
        return new LlamaTokenizer(
                model, specials, new TokenizerSettings(useLegacy, settings.addBos(), settings.addPrefixSpace()));
    }

    /**
     * This tokenizer with additional special tokens, whose ids start at {@link #size()}; existing tokens keep their
     * ids.
     */
    public LlamaTokenizer withSpecialTokens(List<String> contents) {
        return new LlamaTokenizer(model, specials.with(contents, model.size()), settings);
    }

    /**
     * Encodes a text with SentencePiece alone; special tokens are ordinary text.
     *
     * @return {@code int32[T]}
     */
    public int[] encode(String text) {
        Encoding.Builder out = new Encoding.Builder();
        bpe.encode(text, model.addDummyPrefix(), 0, out);
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
     * Encodes a whole prompt. The text between images is encoded chunk by chunk, as in LLaVA.
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
        int from = 0;
        for (int image = prompt.images().nextSetBit(0);
                image >= 0;
                image = prompt.images().nextSetBit(from)) {
            encodeChunk(prompt, from, image, out);
            out.add(IMAGE_TOKEN_ID, image);
            from = image + IMAGE_TEXT.length();
        }
        encodeChunk(prompt, from, prompt.text().length(), out);
        return out.build();
    }

    private void encodeChunk(PromptText prompt, int from, int to, Encoding.Builder out) {
        String text = prompt.text().substring(from, to);
        BitSet content = prompt.content().get(from, to);
        if (settings.legacy() || text.isEmpty()) {
            encodeBetweenSpecials(text, content, from, model.addDummyPrefix(), out);
            return;
        }
        // The non-legacy behavior: one space before the whole text, and none after special tokens.
        int first = out.size();
        String plain = text.replace(SentencePieceModel.SPACE, ' ');
        if (settings.addPrefixSpace()) {
            BitSet shifted = new BitSet();
            content.stream().forEach(index -> shifted.set(index + 1));
            encodeBetweenSpecials(SentencePieceModel.SPACE + plain, shifted, from - 1, false, out);
        } else {
            encodeBetweenSpecials(plain, content, from, false, out);
        }
        if (out.size() > first + 1 && out.id(first) == loneSpaceId && isSpecial(out.id(first + 1))) {
            out.remove(first);
        }
        out.raiseStarts(first, from);
    }

    private void encodeBetweenSpecials(
            String text, BitSet content, int base, boolean dummyPrefix, Encoding.Builder out) {
        Matcher matcher = addedPattern.matcher(text);
        int from = 0;
        while (findOutside(content, matcher, from, text.length())) {
            // The pattern matches the added tokens only.
            AddedToken token = Objects.requireNonNull(addedByContent.get(matcher.group()));
            int to = matcher.start();
            while (token.lstrip() && to > from && isSpace(text.charAt(to - 1))) {
                to--;
            }
            if (from < to) {
                bpe.encode(text.substring(from, to), dummyPrefix, base + from, out);
            }
            out.add(token.id(), base + matcher.start());
            from = matcher.end();
            while (token.rstrip() && from < text.length() && isSpace(text.charAt(from))) {
                from++;
            }
        }
        if (from < text.length()) {
            bpe.encode(text.substring(from), dummyPrefix, base + from, out);
        }
    }

    /** The whitespace of Python: that of Java, non-breaking spaces and NEL. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    /** Finds the next added token from {@code from} on that contains no char of {@code content}. */
    private static boolean findOutside(BitSet content, Matcher matcher, int from, int length) {
        int begin = content.nextClearBit(from);
        while (begin < length) {
            int nextContent = content.nextSetBit(begin);
            int end = nextContent < 0 ? length : nextContent;
            if (matcher.region(begin, end).find()) {
                return true;
            }
            begin = content.nextClearBit(end);
        }
        return false;
    }

    private boolean isSpecial(int id) {
        AddedToken token = added(id);
        return token != null && token.special();
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
        StringBuilder out = new StringBuilder();
        StringBuilder chunk = new StringBuilder();
        PieceDecoder section = newSection();
        boolean first = true;
        boolean afterSpecial = false;
        for (int id : tokenIds) {
            AddedToken token = added(id);
            if (token == null) {
                appendPiece(section, id, first, chunk);
            } else {
                // In legacy mode Hugging Face inserts a space before the text that precedes a special token.
                if (token.special() && settings.legacy() && !first && !afterSpecial) {
                    out.append(' ');
                }
                section.finish(chunk);
                out.append(chunk).append(token.content());
                chunk.setLength(0);
                section = newSection();
            }
            afterSpecial = token != null && token.special();
            first = token != null && !token.special();
        }
        section.finish(chunk);
        return out.append(chunk).toString();
    }

    /** Decodes ids with SentencePiece alone. */
    public String decodePieces(int[] tokenIds) {
        PieceDecoder decoder = new PieceDecoder(model, model.addDummyPrefix());
        StringBuilder out = new StringBuilder();
        for (int id : tokenIds) {
            decoder.append(checkedPiece(id), out);
        }
        decoder.finish(out);
        return out.toString();
    }

    /** A decoder for ids that are generated one by one. */
    public StreamingDecoder streamingDecoder() {
        return new StreamingDecoder(this);
    }

    PieceDecoder newSection() {
        return new PieceDecoder(model, settings.legacy() && model.addDummyPrefix());
    }

    /** Appends a piece. The first piece of a text loses one space, in addition to the space that the section drops. */
    void appendPiece(PieceDecoder section, int id, boolean first, StringBuilder out) {
        String text = model.pieces().get(checkedPiece(id)).text();
        boolean cut = first && settings.addPrefixSpace() && text.charAt(0) == SentencePieceModel.SPACE;
        section.append(id, cut ? text.substring(1) : text, out);
    }

    /** Returns an added token, or null if the id is not that of one. */
    @Nullable
    AddedToken added(int id) {
        return specials.added().get(id);
    }

    private int checkedPiece(int id) {
        if (id < 0 || id >= model.size()) {
            throw new BadInputException("token id " + id + " is outside the tokenizer's " + size + " ids ("
                    + model.source() + "); model and tokenizer do not match");
        }
        return id;
    }

    /** The id of a piece or special token, or the unknown token's id. */
    public int pieceId(String text) {
        return ids.getOrDefault(text, specials.unk());
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
        AddedToken token = added(id);
        return token != null
                ? token.content()
                : model.pieces().get(checkedPiece(id)).text();
    }

    /**
     * The UTF-8 bytes that an id stands for inside a text. A single byte may be part of a character.
     *
     * @throws BadInputException if the id is outside the vocabulary
     */
    public byte[] tokenBytes(int id) {
        AddedToken token = added(id);
        if (token != null) {
            return token.content().getBytes(StandardCharsets.UTF_8);
        }
        SentencePiece piece = model.pieces().get(checkedPiece(id));
        return piece.type() == SentencePiece.Type.BYTE
                ? new byte[] {(byte) model.byteOf(piece)}
                : piece.text().replace(SentencePieceModel.SPACE, ' ').getBytes(StandardCharsets.UTF_8);
    }

    /** Whether an id belongs to a piece or an added token; the ids of added tokens may have gaps. */
    public boolean isDefined(int id) {
        return id >= 0 && (id < model.size() || added(id) != null);
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
        return added.tailMap(model.size());
    }

    /** The SentencePiece model without added tokens. */
    public SentencePieceModel model() {
        return model;
    }
}
