package org.llava4j.data.tokenizer;

/**
 * Turns ids into text while they are being generated. What {@link #next} and {@link #finish} return, joined, is
 * {@link LlamaTokenizer#decode(int[])} of all ids; a character whose bytes come one by one appears with its last byte.
 */
public final class StreamingDecoder {
    private final LlamaTokenizer tokenizer;
    private PieceDecoder section;
    private boolean sectionIsEmpty = true;

    StreamingDecoder(LlamaTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        section = tokenizer.newSection();
    }

    /** The text that {@code id} completes, often empty. Special tokens have none. */
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

    /** What is left at the end: the replacement characters of an unfinished character. */
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
