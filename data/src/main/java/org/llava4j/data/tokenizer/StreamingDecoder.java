package org.llava4j.data.tokenizer;

/**
 * Streaming decoder of generated token ids. The concatenated results of {@link #next} and {@link #finish} equal
 * {@link LlamaTokenizer#decode(int[])} of all ids; a multi-byte character is returned with its last byte, or with a
 * {@code tokenizer.json} at the end of a run of bytes, since only then its validity is known.
 */
public final class StreamingDecoder {
    private final TokenDecoder decoder;

    StreamingDecoder(TokenDecoder decoder) {
        this.decoder = decoder;
    }

    /** Adds an id and returns the text that it completes, often empty. Special tokens have no text. */
    public String next(int id) {
        StringBuilder out = new StringBuilder();
        decoder.append(id, out);
        return out.toString();
    }

    /** Returns the rest: replacement characters for an incomplete character. */
    public String finish() {
        StringBuilder out = new StringBuilder();
        decoder.finish(out);
        return out.toString();
    }
}
