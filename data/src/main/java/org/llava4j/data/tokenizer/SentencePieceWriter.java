package org.llava4j.data.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * SentencePiece model writer: serializes a {@link SentencePieceModel} as {@code tokenizer.model}
 * (sentencepiece_model.proto).
 */
public final class SentencePieceWriter {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int BYTE_PAIR = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private SentencePieceWriter() {}

    /** The content of the file; SentencePiece and {@link SentencePieceReader} read the same model back. */
    public static byte[] bytes(SentencePieceModel model) {
        SentencePieceWriter file = new SentencePieceWriter();
        model.pieces().forEach(piece -> file.message(1, piece(piece)));
        file.message(2, trainerSpec(model));
        file.message(3, normalizerSpec(model));
        return file.out.toByteArray();
    }

    private static SentencePieceWriter piece(SentencePiece piece) {
        SentencePieceWriter message = new SentencePieceWriter();
        message.string(1, piece.text());
        message.float32(2, piece.score());
        if (piece.type() != SentencePiece.Type.NORMAL) {
            message.number(3, piece.type().ordinal() + 1);
        }
        return message;
    }

    private static SentencePieceWriter trainerSpec(SentencePieceModel model) {
        SentencePieceWriter message = new SentencePieceWriter();
        message.number(3, BYTE_PAIR);
        message.number(4, model.size());
        message.number(25, 1); // split_digits
        message.number(26, 1); // allow_whitespace_only_pieces
        message.number(35, model.byteFallback() ? 1 : 0);
        message.string(44, model.unknownSurface());
        return message;
    }

    private static SentencePieceWriter normalizerSpec(SentencePieceModel model) {
        SentencePieceWriter message = new SentencePieceWriter();
        message.string(1, "identity");
        message.number(3, model.addDummyPrefix() ? 1 : 0);
        message.number(4, 0); // remove_extra_whitespaces
        message.number(5, 1); // escape_whitespaces
        return message;
    }

    private void message(int field, SentencePieceWriter content) {
        bytes(field, content.out.toByteArray());
    }

    private void string(int field, String text) {
        bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    private void bytes(int field, byte[] content) {
        varint(field << 3 | BYTES);
        varint(content.length);
        out.writeBytes(content);
    }

    private void number(int field, int value) {
        varint(field << 3 | VARINT);
        varint(value);
    }

    private void float32(int field, float value) {
        varint(field << 3 | FIXED32);
        int bits = Float.floatToIntBits(value);
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(bits >>> shift);
        }
    }

    private void varint(int value) {
        int rest = value;
        while ((rest & ~0x7F) != 0) {
            out.write(rest & 0x7F | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }
}
