package org.llava4j.data.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;
import org.llava4j.data.tokenizer.TokenizerJson.Decoder;

/**
 * Incremental decoder with the steps of the library {@code tokenizers}. A run of byte pieces is decoded at its end: if
 * it is invalid UTF-8, each of its bytes becomes U+FFFD.
 */
final class TokenizerJsonDecoder implements TokenDecoder {
    private final Decoder settings;
    private final IntFunction<String> tokens;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int toStrip;

    /**
     * Creates a decoder.
     *
     * @param tokens text of each id; empty for an id that is omitted
     */
    TokenizerJsonDecoder(TokenizerJson json, IntFunction<String> tokens) {
        settings = json.decoder();
        this.tokens = tokens;
        toStrip = settings.stripped();
    }

    @Override
    public void append(int id, StringBuilder out) {
        String token = tokens.apply(id);
        if (token.isEmpty()) {
            return;
        }
        String text = settings.from() == null ? token : token.replace(settings.from(), settings.to());
        int value = settings.byteFallback() ? TokenizerJsonModel.byteOf(text) : -1;
        if (value >= 0) {
            bytes.write(value);
        } else {
            finish(out);
            emit(text, out);
        }
    }

    @Override
    public void finish(StringBuilder out) {
        if (bytes.size() > 0) {
            String text;
            try {
                text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes.toByteArray()))
                        .toString();
            } catch (CharacterCodingException e) {
                text = "\uFFFD".repeat(bytes.size());
            }
            bytes.reset();
            emit(text, out);
        }
    }

    private void emit(String text, StringBuilder out) {
        int from = 0;
        while (toStrip > 0 && from < text.length() && text.charAt(from) == settings.strip()) {
            from++;
            toStrip--;
        }
        if (from < text.length()) {
            toStrip = 0;
        }
        out.append(text, from, text.length());
    }
}
