package org.llava4j.data.tokenizer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.llava4j.data.BadInputException;

/**
 * LLaMA's tokenizer: text to ids and back, exactly as the slow Hugging Face tokenizer that LLaVA was trained with.
 * Special tokens written in a text, such as {@code </s>}, become their ids; each stretch between them is encoded on its
 * own. Immutable and safe to share between threads.
 */
public final class LlamaTokenizer {
    /** What stands for an image in a prompt. */
    public static final String IMAGE_TEXT = "<image>";

    /** The id that stands for an image among token ids: LLaVA's sentinel, no row of any embedding table. */
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
     * Reads a tokenizer.
     *
     * @param modelFolderOrFile a Hugging Face folder with {@code tokenizer.model}, or that file (files beside it count)
     * @throws BadInputException if a file is missing, broken or at odds with another
     */
    public static LlamaTokenizer load(Path modelFolderOrFile) {
        Path file =
                Files.isDirectory(modelFolderOrFile) ? modelFolderOrFile.resolve("tokenizer.model") : modelFolderOrFile;
        SentencePieceModel model = SentencePieceReader.read(file);
        return of(model, file.toAbsolutePath().getParent());
    }

    /** A tokenizer over {@code model}, with the settings of the JSON files in {@code folder}. */
    public static LlamaTokenizer of(SentencePieceModel model, Path folder) {
        TokenizerConfig read = TokenizerConfig.read(folder, model);
        return new LlamaTokenizer(model, read.specials(), read.settings());
    }

    /** This tokenizer in Hugging Face's legacy way (a space is assumed after special tokens too), or without it. */
    public LlamaTokenizer withLegacy(boolean useLegacy) {
        return new LlamaTokenizer(
                model, specials, new TokenizerSettings(useLegacy, settings.addBos(), settings.addPrefixSpace()));
    }

    /** This tokenizer with more special tokens, with ids from {@link #size()} on; those it has already stay. */
    public LlamaTokenizer withSpecialTokens(List<String> contents) {
        return new LlamaTokenizer(model, specials.with(contents, model.size()), settings);
    }

    /** {@code int32[T]}: the ids SentencePiece itself gives, in which special tokens are ordinary text. */
    public int[] encode(String text) {
        Encoding.Builder out = new Encoding.Builder();
        bpe.encode(text, model.addDummyPrefix(), 0, out);
        return out.build().ids();
    }

    /** {@code int32[T]}: begin of sequence, unless the folder says otherwise, then the text with its special tokens. */
    public int[] encodeWithBos(String text) {
        return encodePrompt(text, false).ids();
    }

    /** {@code int32[T]}: as {@link #encodeWithBos}, each {@code <image>} being {@link #IMAGE_TOKEN_ID}. */
    public int[] encodeWithImages(String prompt) {
        return encodePrompt(prompt, true).ids();
    }

    /**
     * Encodes a whole prompt. The text before, between and after images is encoded piece by piece, as LLaVA does.
     *
     * @param images whether {@code <image>} stands for an image; otherwise it is text
     */
    public Encoding encodePrompt(String prompt, boolean images) {
        return encodePrompt(PromptText.allTemplate(prompt, images));
    }

    /** Encodes a whole prompt, in whose message content special and added tokens are ordinary text. */
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
        // The newer way: one space before the whole text, and none after special tokens.
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
            AddedToken token = addedByContent.get(matcher.group());
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

    /** What Python strips: beside Java's whitespace the spaces that do not break, and NEL. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    /** Finds the next token from {@code from} on that has no char of {@code content}, in one template stretch at a time. */
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

    /** Text of {@code ids} without special tokens. @throws BadInputException for an id outside the vocabulary */
    public String decode(int[] tokenIds) {
        StreamingDecoder decoder = streamingDecoder();
        StringBuilder out = new StringBuilder();
        for (int id : tokenIds) {
            out.append(decoder.next(id));
        }
        return out.append(decoder.finish()).toString();
    }

    /** Text of {@code ids} with special tokens written out, as Hugging Face does when asked not to skip them. */
    public String decodeWithSpecialTokens(int[] tokenIds) {
        StringBuilder out = new StringBuilder();
        StringBuilder stretch = new StringBuilder();
        PieceDecoder section = newSection();
        boolean first = true;
        boolean afterSpecial = false;
        for (int id : tokenIds) {
            AddedToken token = added(id);
            if (token == null) {
                appendPiece(section, id, first, stretch);
            } else {
                // The space before the text, not the token, is Hugging Face's: its legacy way only.
                if (token.special() && settings.legacy() && !first && !afterSpecial) {
                    out.append(' ');
                }
                section.finish(stretch);
                out.append(stretch).append(token.content());
                stretch.setLength(0);
                section = newSection();
            }
            afterSpecial = token != null && token.special();
            first = token != null && !token.special();
        }
        section.finish(stretch);
        return out.append(stretch).toString();
    }

    /** Text of {@code ids} as SentencePiece itself decodes them. */
    public String decodePieces(int[] tokenIds) {
        PieceDecoder decoder = new PieceDecoder(model, model.addDummyPrefix());
        StringBuilder out = new StringBuilder();
        for (int id : tokenIds) {
            decoder.append(checkedPiece(id), out);
        }
        decoder.finish(out);
        return out.toString();
    }

    /** A decoder for ids that come one by one. */
    public StreamingDecoder streamingDecoder() {
        return new StreamingDecoder(this);
    }

    PieceDecoder newSection() {
        return new PieceDecoder(model, settings.legacy() && model.addDummyPrefix());
    }

    /** The first piece of all loses one space of its own, beside what the section drops. */
    void appendPiece(PieceDecoder section, int id, boolean first, StringBuilder out) {
        String text = model.pieces().get(checkedPiece(id)).text();
        boolean cut = first && settings.addPrefixSpace() && text.charAt(0) == SentencePieceModel.SPACE;
        section.append(id, cut ? text.substring(1) : text, out);
    }

    AddedToken added(int id) {
        return specials.added().get(id);
    }

    private int checkedPiece(int id) {
        if (id < 0 || id >= model.size()) {
            throw new BadInputException("token id " + id + " is outside the tokenizer's " + size + " ids ("
                    + model.source() + "); model and tokenizer do not belong together");
        }
        return id;
    }

    /** The id of a piece or special token, the unknown token's where there is none. */
    public int pieceId(String text) {
        return ids.getOrDefault(text, specials.unk());
    }

    /** The id of a token that is looked for in a text before any encoding, if there is one of that content. */
    public OptionalInt addedId(String content) {
        AddedToken token = addedByContent.get(content);
        return token == null ? OptionalInt.empty() : OptionalInt.of(token.id());
    }

    /** The piece or special token of an id. @throws BadInputException for an id outside the vocabulary */
    public String piece(int id) {
        AddedToken token = added(id);
        return token != null
                ? token.content()
                : model.pieces().get(checkedPiece(id)).text();
    }

    /** Whether an id below {@link #size()} belongs to a piece or an added token; added tokens may leave gaps. */
    public boolean isDefined(int id) {
        return id >= 0 && (id < model.size() || added(id) != null);
    }

    /** Ids run from 0 to this number, added tokens included. */
    public int size() {
        return size;
    }

    public int unkId() {
        return specials.unk();
    }

    public int bosId() {
        return specials.bos();
    }

    public int eosId() {
        return specials.eos();
    }

    public int padId() {
        return specials.pad();
    }

    /** Whether a space is assumed after special tokens too. */
    public boolean isLegacy() {
        return settings.legacy();
    }

    /** Whether a text begins with the begin token ({@code add_bos_token}). */
    public boolean addsBos() {
        return settings.addBos();
    }

    /** {@code add_prefix_space}. */
    public boolean addsPrefixSpace() {
        return settings.addPrefixSpace();
    }

    /** The added tokens behind the pieces of the model, by id. */
    public SortedMap<Integer, String> addedTokensAfterPieces() {
        SortedMap<Integer, String> added = new TreeMap<>();
        specials.added().forEach((id, token) -> added.put(id, token.content()));
        return added.tailMap(model.size());
    }

    public SentencePieceModel model() {
        return model;
    }
}
