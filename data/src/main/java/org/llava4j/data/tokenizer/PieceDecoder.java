package org.llava4j.data.tokenizer;

/**
 * Incremental decoder of pieces with the rules of SentencePiece: the space that encoding put before the text is
 * removed, bytes are buffered until they form a character, control pieces produce no text.
 */
final class PieceDecoder {
    private final SentencePieceModel model;
    private final Utf8Assembler bytes = new Utf8Assembler();
    private boolean atStart;

    PieceDecoder(SentencePieceModel model, boolean dropFirstSpace) {
        this.model = model;
        this.atStart = dropFirstSpace;
    }

    void append(int id, StringBuilder out) {
        append(id, model.pieces().get(id).text(), out);
    }

    /** Appends a piece whose text is already trimmed; see {@link #append(int, StringBuilder)}. */
    void append(int id, String text, StringBuilder out) {
        SentencePiece piece = model.pieces().get(id);
        if (piece.type() == SentencePiece.Type.BYTE) {
            bytes.accept(model.byteOf(piece), out);
            atStart = false;
            return;
        }
        bytes.flush(out);
        switch (piece.type()) {
            case CONTROL -> {}
            case UNKNOWN -> {
                out.append(model.unknownSurface());
                atStart = false;
            }
            default -> {
                boolean drop = atStart && !text.isEmpty() && text.charAt(0) == SentencePieceModel.SPACE;
                out.append((drop ? text.substring(1) : text).replace(SentencePieceModel.SPACE, ' '));
                atStart &= text.isEmpty();
            }
        }
    }

    void finish(StringBuilder out) {
        bytes.flush(out);
    }
}
