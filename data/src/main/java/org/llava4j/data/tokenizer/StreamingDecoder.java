package org.llava4j.data.tokenizer;

/**
 * Streaming decoder of generated token ids. The concatenated results of {@link #next} and {@link #finish} equal
 * {@link LlamaTokenizer#decode(int[])} of all ids; a multi-byte character is returned with its last byte.
 */
public final class StreamingDecoder {
    private final LlamaTokenizer tokenizer;
    private PieceDecoder section;
    private boolean sectionIsEmpty = true;

    StreamingDecoder(LlamaTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        section = tokenizer.newSection();
    }

    /** Adds an id and returns the text that it completes, often empty. Special tokens have no text. */
    public String next(int id) {
        StringBuilder out = new StringBuilder();
        AddedToken added = tokenizer.added(id);
        if (added == null) {
            append(id, out);
        } else if (!added.special()) {
            section.finish(out);
            out.append(added.content());
            section = tokenizer.newSection();
            sectionIsEmpty = true;
        }
        return out.toString();
    }

    /** Returns the rest: replacement characters for an incomplete character. */
    public String finish() {
        StringBuilder out = new StringBuilder();
        section.finish(out);
        return out.toString();
    }

    private void append(int id, StringBuilder out) {
        tokenizer.appendPiece(section, id, sectionIsEmpty, out);
        sectionIsEmpty = false;
    }
}
