package org.llava4j.data.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.tokenizer.AddedTokenMatcher.Match;
import org.llava4j.data.tokenizer.TokenizerJson.Metaspace;
import org.llava4j.data.tokenizer.TokenizerJson.Normalizer;
import org.llava4j.data.tokenizer.TokenizerJson.Prepend;
import org.llava4j.data.tokenizer.TokenizerJson.PrependScheme;
import org.llava4j.data.tokenizer.TokenizerJson.Replace;

/**
 * Tokenizer of a {@code tokenizer.json}, with the steps of the library {@code tokenizers}: added tokens are matched, the
 * text between them is normalized, added tokens with {@code normalized} are matched in it, and the rest is
 * pre-tokenized and encoded. An image is an added token of the whole prompt, as in transformers.
 */
final class TokenizerJsonBackend implements TokenizerBackend {
    private final TokenizerJson json;
    private final SpecialTokens specials;
    private final BpeEncoder bpe;
    private final AddedTokenMatcher raw;
    private final AddedTokenMatcher normalized;
    private final AddedToken image;

    TokenizerJsonBackend(TokenizerJson json, SpecialTokens specials) {
        this.json = json;
        this.specials = specials;
        bpe = new BpeEncoder(json.bpe());
        raw = AddedTokenMatcher.of(
                specials.added().values().stream().filter(t -> !t.normalized()).toList());
        normalized = AddedTokenMatcher.of(
                specials.added().values().stream()
                        .filter(AddedToken::normalized)
                        .toList(),
                content -> normalize(new Section(content, 0, 0)).text);
        AddedToken inFile = specials.byContent().get(LlamaTokenizer.IMAGE_TEXT);
        image = inFile == null
                ? AddedToken.of(LlamaTokenizer.IMAGE_TOKEN_ID, LlamaTokenizer.IMAGE_TEXT, true)
                : inFile.asSpecial(LlamaTokenizer.IMAGE_TOKEN_ID);
    }

    @Override
    public TokenizerBackend with(SpecialTokens newSpecials, TokenizerSettings settings) {
        return new TokenizerJsonBackend(json, newSpecials);
    }

    @Override
    public Vocabulary vocabulary() {
        return json.vocabulary();
    }

    /**
     * Text between added tokens.
     *
     * @param text the text, possibly changed
     * @param start index of its first char in the prompt
     * @param inserted number of chars that were put before it
     */
    private record Section(String text, int start, int inserted) {
        /** Index in the prompt of a char of the text. */
        int origin(int index) {
            return start + Math.max(0, index - inserted);
        }

        Section with(String newText) {
            return new Section(newText, start, inserted);
        }

        Section prepend(String prefix) {
            return new Section(prefix + text, start, inserted + prefix.length());
        }

        /** Part of the section; what was inserted before the section remains before its first part. */
        Section part(int from, int to) {
            return new Section(text.substring(from, to), origin(from), Math.max(0, inserted - from));
        }
    }

    @Override
    public void encodePlain(String text, Encoding.Builder out) {
        encodePieces(normalize(new Section(text, 0, 0)), out);
    }

    @Override
    public void encode(PromptText prompt, Encoding.Builder out) {
        String text = prompt.text();
        int from = 0;
        Match match = nextRaw(prompt, from);
        while (match != null) {
            encodeBetweenRaw(prompt, from, match.from(), out);
            out.add(match.token().id(), match.start());
            from = match.to();
            match = nextRaw(prompt, from);
        }
        encodeBetweenRaw(prompt, from, text.length(), out);
    }

    /** The next image or added token, whichever comes first. */
    private @Nullable Match nextRaw(PromptText prompt, int from) {
        int at = prompt.images().nextSetBit(from);
        Match token = raw.next(prompt.text(), prompt.content(), from);
        if (at < 0 || (token != null && token.to() <= at)) {
            return token;
        }
        return AddedTokenMatcher.match(prompt.text(), image, at, at + LlamaTokenizer.IMAGE_TEXT.length(), from);
    }

    private void encodeBetweenRaw(PromptText prompt, int from, int to, Encoding.Builder out) {
        if (from >= to) {
            return;
        }
        Section section = normalize(new Section(prompt.text().substring(from, to), from, 0));
        BitSet content = new BitSet();
        prompt.content().get(from, to).stream().forEach(index -> content.set(index + section.inserted()));
        int at = 0;
        for (Match match = normalized.next(section.text(), content, 0);
                match != null;
                match = normalized.next(section.text(), content, at)) {
            encodePieces(section.part(at, match.from()), out);
            out.add(match.token().id(), section.origin(match.start()));
            at = match.to();
        }
        encodePieces(section.part(at, section.text().length()), out);
    }

    private Section normalize(Section section) {
        Section result = section;
        if (section.text().isEmpty()) {
            return section;
        }
        for (Normalizer step : json.normalizer()) {
            if (step instanceof Prepend prepend) {
                result = result.prepend(prepend.text());
            } else if (step instanceof Replace replace) {
                result = result.with(result.text().replace(replace.from(), replace.to()));
            }
        }
        return result;
    }

    private void encodePieces(Section section, Encoding.Builder out) {
        if (section.text().isEmpty()) {
            return;
        }
        Metaspace metaspace = json.metaspace();
        if (metaspace == null) {
            encodeWord(section, out);
            return;
        }
        char space = metaspace.replacement();
        Section marked = section.with(section.text().replace(' ', space));
        boolean prepends = metaspace.scheme() == PrependScheme.ALWAYS
                || (metaspace.scheme() == PrependScheme.FIRST && section.start() == 0);
        if (prepends && marked.text().charAt(0) != space) {
            marked = marked.prepend(String.valueOf(space));
        }
        if (!metaspace.split()) {
            encodeWord(marked, out);
            return;
        }
        int from = 0;
        while (from < marked.text().length()) {
            int next = marked.text().indexOf(space, from + 1);
            int to = next < 0 ? marked.text().length() : next;
            encodeWord(marked.part(from, to), out);
            from = to;
        }
    }

    private void encodeWord(Section word, Encoding.Builder out) {
        bpe.encode(word.text(), word.start() - word.inserted(), word.start(), out);
    }

    @Override
    public TokenDecoder decoder() {
        return new TokenizerJsonDecoder(json, id -> {
            AddedToken token = specials.added().get(id);
            if (token != null) {
                return token.special() ? "" : token.content();
            }
            return json.vocabulary().piece(json.vocabulary().checkedId(id, specials));
        });
    }

    @Override
    public String decodeWithSpecialTokens(int[] ids) {
        return decode(ids, specials.added());
    }

    @Override
    public String decodePieces(int[] ids) {
        return decode(ids, new HashMap<>());
    }

    private String decode(int[] ids, Map<Integer, AddedToken> added) {
        TokenDecoder decoder = new TokenizerJsonDecoder(json, id -> {
            AddedToken token = added.get(id);
            return token != null
                    ? token.content()
                    : json.vocabulary().piece(json.vocabulary().checkedId(id, specials));
        });
        StringBuilder out = new StringBuilder();
        for (int id : ids) {
            decoder.append(id, out);
        }
        decoder.finish(out);
        return out.toString();
    }
}
