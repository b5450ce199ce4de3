package org.llava4j.data.tokenizer;

import java.util.BitSet;
import org.llava4j.data.tokenizer.AddedTokenMatcher.Match;

/**
 * Tokenizer of a SentencePiece model with the handling of special tokens of the slow Hugging Face tokenizer: special
 * tokens are matched first, and the text between them is encoded separately.
 */
final class SentencePieceBackend implements TokenizerBackend {
    private final SentencePieceModel model;
    private final Vocabulary vocabulary;
    private final BpeEncoder bpe;
    private final SpecialTokens specials;
    private final TokenizerSettings settings;
    private final AddedTokenMatcher matcher;

    SentencePieceBackend(SentencePieceModel model, SpecialTokens specials, TokenizerSettings settings) {
        this(model, Vocabulary.of(model), new BpeEncoder(BpeModel.of(model)), specials, settings);
    }

    private SentencePieceBackend(
            SentencePieceModel model,
            Vocabulary vocabulary,
            BpeEncoder bpe,
            SpecialTokens specials,
            TokenizerSettings settings) {
        this.model = model;
        this.vocabulary = vocabulary;
        this.bpe = bpe;
        this.specials = specials;
        this.settings = settings;
        matcher = AddedTokenMatcher.of(specials.added().values());
    }

    @Override
    public TokenizerBackend with(SpecialTokens newSpecials, TokenizerSettings newSettings) {
        return new SentencePieceBackend(model, vocabulary, bpe, newSpecials, newSettings);
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public void encodePlain(String text, Encoding.Builder out) {
        encodePieces(text, model.addDummyPrefix(), 0, out);
    }

    /** The text between images is encoded chunk by chunk, as in LLaVA. */
    @Override
    public void encode(PromptText prompt, Encoding.Builder out) {
        int from = 0;
        for (int image = prompt.images().nextSetBit(0);
                image >= 0;
                image = prompt.images().nextSetBit(from)) {
            encodeChunk(prompt, from, image, out);
            out.add(LlamaTokenizer.IMAGE_TOKEN_ID, image);
            from = image + LlamaTokenizer.IMAGE_TEXT.length();
        }
        encodeChunk(prompt, from, prompt.text().length(), out);
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
        if (out.size() > first + 1 && isLoneSpace(out.id(first)) && isSpecial(out.id(first + 1))) {
            out.remove(first);
        }
        out.raiseStarts(first, from);
    }

    private void encodeBetweenSpecials(
            String text, BitSet content, int base, boolean dummyPrefix, Encoding.Builder out) {
        int from = 0;
        for (Match match = matcher.next(text, content, 0); match != null; match = matcher.next(text, content, from)) {
            encodePieces(text.substring(from, match.from()), dummyPrefix, base + from, out);
            out.add(match.token().id(), base + match.start());
            from = match.to();
        }
        encodePieces(text.substring(from), dummyPrefix, base + from, out);
    }

    /**
     * Encodes a text with SentencePiece.
     *
     * @param dummyPrefix whether to encode as if a space preceded the text
     * @param base index of the first char of the text, added to every start
     */
    private void encodePieces(String text, boolean dummyPrefix, int base, Encoding.Builder out) {
        if (text.isEmpty()) {
            return;
        }
        String escaped = text.replace(' ', SentencePieceModel.SPACE);
        if (dummyPrefix) {
            bpe.encode(SentencePieceModel.SPACE + escaped, base - 1, base, out);
        } else {
            bpe.encode(escaped, base, base, out);
        }
    }

    private boolean isLoneSpace(int id) {
        return id >= 0 && id < vocabulary.size() && vocabulary.piece(id).equals(SentencePieceModel.SPACE_PIECE);
    }

    private boolean isSpecial(int id) {
        AddedToken token = specials.added().get(id);
        return token != null && token.special();
    }

    @Override
    public TokenDecoder decoder() {
        return new Decoder();
    }

    /** Decoder that omits special tokens; other added tokens begin a new section. */
    private final class Decoder implements TokenDecoder {
        private PieceDecoder section = newSection();
        private boolean sectionIsEmpty = true;

        @Override
        public void append(int id, StringBuilder out) {
            AddedToken added = specials.added().get(id);
            if (added == null) {
                appendPiece(section, id, sectionIsEmpty, out);
                sectionIsEmpty = false;
            } else if (!added.special()) {
                section.finish(out);
                out.append(added.content());
                section = newSection();
                sectionIsEmpty = true;
            }
        }

        @Override
        public void finish(StringBuilder out) {
            section.finish(out);
        }
    }

    @Override
    public String decodeWithSpecialTokens(int[] ids) {
        StringBuilder out = new StringBuilder();
        StringBuilder chunk = new StringBuilder();
        PieceDecoder section = newSection();
        boolean first = true;
        boolean afterSpecial = false;
        for (int id : ids) {
            AddedToken token = specials.added().get(id);
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

    @Override
    public String decodePieces(int[] ids) {
        PieceDecoder decoder = new PieceDecoder(model, model.addDummyPrefix());
        StringBuilder out = new StringBuilder();
        for (int id : ids) {
            decoder.append(vocabulary.checkedId(id, specials), out);
        }
        decoder.finish(out);
        return out.toString();
    }

    private PieceDecoder newSection() {
        return new PieceDecoder(model, settings.legacy() && model.addDummyPrefix());
    }

    /** Appends a piece. The first piece of a text loses one space, in addition to the space that the section drops. */
    private void appendPiece(PieceDecoder section, int id, boolean first, StringBuilder out) {
        String text = vocabulary.piece(vocabulary.checkedId(id, specials));
        boolean cut = first && settings.addPrefixSpace() && text.charAt(0) == SentencePieceModel.SPACE;
        section.append(id, cut ? text.substring(1) : text, out);
    }
}
