package org.llava4j.data.tokenizer;

/**
 * Pieces back to text as SentencePiece does it, piece by piece: the space that encoding put before the text is taken
 * away again, bytes wait until they make a character, control pieces are invisible.
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

    /** As {@link #append(int, StringBuilder)} with the piece's text already cut at its front. */
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
