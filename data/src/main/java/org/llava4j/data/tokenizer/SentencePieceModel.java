package org.llava4j.data.tokenizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;

/**
 * SentencePiece BPE model: the pieces and the settings that affect encoding and decoding.
 *
 * @param source name of the file in messages
 * @param pieces the vocabulary in id order
 * @param byteFallback whether a character outside the vocabulary is encoded as UTF-8 bytes instead of the unknown piece
 * @param addDummyPrefix whether a text is encoded as if a space preceded it
 * @param unknownSurface text that the unknown piece decodes to
 */
public record SentencePieceModel(
        String source,
        List<SentencePiece> pieces,
        boolean byteFallback,
        boolean addDummyPrefix,
        String unknownSurface) {

    /** The character for a space in pieces. */
    static final char SPACE = '\u2581';

    /** The piece of a single space. */
    static final String SPACE_PIECE = String.valueOf(SPACE);

    public SentencePieceModel {
        pieces = List.copyOf(pieces);
        Map<String, Integer> seen = new HashMap<>(pieces.size() * 2);
        int unknowns = 0;
        int bytes = 0;
        for (int id = 0; id < pieces.size(); id++) {
            SentencePiece piece = pieces.get(id);
            if (piece.text().isEmpty()) {
                throw new BadInputException(source + ": piece " + id + " is empty; download the file again");
            }
            Integer earlier = seen.put(piece.text(), id);
            if (earlier != null) {
                throw new BadInputException(source + ": pieces " + earlier + " and " + id + " are both \""
                        + piece.text() + "\"; download the file again");
            }
            if (piece.type() == SentencePiece.Type.UNKNOWN) {
                unknowns++;
            } else if (piece.type() == SentencePiece.Type.BYTE) {
                bytes++;
                byteOf(source, piece);
            }
        }
        if (unknowns != 1) {
            throw new BadInputException(
                    source + ": has " + unknowns + " unknown pieces instead of one; is it a SentencePiece model?");
        }
        // Byte pieces have distinct, validated texts, so a count of 256 means that all of them exist.
        if (byteFallback && bytes != 256) {
            throw new BadInputException(
                    source + ": uses byte fallback but has " + bytes + " of 256 byte pieces; download the file again");
        }
    }

    /** Number of pieces. */
    int size() {
        return pieces.size();
    }

    /** The id of the unknown piece. */
    int unkId() {
        int id = 0;
        while (pieces.get(id).type() != SentencePiece.Type.UNKNOWN) {
            id++;
        }
        return id;
    }

    /** The byte (0..255) of a piece of type BYTE, such as {@code <0x0A>}. */
    int byteOf(SentencePiece piece) {
        return byteOf(source, piece);
    }

    private static int byteOf(String source, SentencePiece piece) {
        String text = piece.text();
        if (text.length() == 6 && text.startsWith("<0x") && text.endsWith(">")) {
            int high = Character.digit(text.charAt(3), 16);
            int low = Character.digit(text.charAt(4), 16);
            if (high >= 0 && low >= 0) {
                return high << 4 | low;
            }
        }
        throw new BadInputException(source + ": byte piece \"" + text + "\" is not of the form <0x0A>");
    }
}
