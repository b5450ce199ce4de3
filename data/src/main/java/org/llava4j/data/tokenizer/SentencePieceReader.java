package org.llava4j.data.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.FileReadError;

/**
 * SentencePiece model reader ({@code tokenizer.model}; field numbers from sentencepiece_model.proto). Features that
 * {@link BpeEncoder} does not implement, such as unigram models and text normalization, are rejected by name.
 */
public final class SentencePieceReader {
    private static final int BYTE_PAIR = 2;

    private final String source;
    private final List<SentencePiece> pieces = new ArrayList<>();
    private long modelType = 1; // default: unigram
    private boolean byteFallback;
    private boolean whitespaceAsSuffix;
    private String unknownSurface = " \u2047 ";
    private boolean addDummyPrefix = true;
    private boolean removeExtraWhitespaces = true;
    private boolean escapeWhitespaces = true;
    private int charsMapBytes;

    private SentencePieceReader(String source) {
        this.source = source;
    }

    /**
     * Reads a file.
     *
     * @throws BadInputException if it is missing, truncated, corrupt or of an unsupported type
     */
    public static SentencePieceModel read(Path file) {
        try {
            return read(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new BadInputException(
                    file + ": no such file; a model folder needs its tokenizer.json or tokenizer.model", e);
        } catch (IOException e) {
            throw FileReadError.of(file, e, "download the file again");
        }
    }

    /**
     * Reads the content of a file.
     *
     * @param source name of the file in messages
     * @throws BadInputException as {@link #read(Path)}
     */
    public static SentencePieceModel read(String source, byte[] content) {
        FailedDownload.reject(source, content);
        return new SentencePieceReader(source).model(new ProtoReader(source, content));
    }

    private SentencePieceModel model(ProtoReader in) {
        while (in.hasNext()) {
            switch (in.nextField()) {
                case 1 -> pieces.add(piece(in.message()));
                case 2 -> trainerSpec(in.message());
                case 3 -> normalizerSpec(in.message());
                default -> in.skip();
            }
        }
        rejectIf(pieces.isEmpty(), "contains no pieces");
        rejectIf(modelType != BYTE_PAIR, "is not a byte-pair model (model type " + modelType + ")");
        rejectIf(charsMapBytes > 0, "normalizes text before encoding (a normalization rule other than identity)");
        rejectIf(removeExtraWhitespaces, "removes extra spaces before encoding");
        rejectIf(!escapeWhitespaces, "does not escape spaces");
        rejectIf(whitespaceAsSuffix, "treats whitespace as a suffix");
        return new SentencePieceModel(source, pieces, byteFallback, addDummyPrefix, unknownSurface);
    }

    private void rejectIf(boolean unsupported, String why) {
        if (unsupported) {
            throw new BadInputException(
                    source + ": " + why + "; use the tokenizer.model of a LLaMA or Vicuna model folder");
        }
    }

    private SentencePiece piece(ProtoReader in) {
        String text = "";
        float score = 0;
        long type = 1;
        while (in.hasNext()) {
            switch (in.nextField()) {
                case 1 -> text = in.string();
                case 2 -> score = in.float32();
                case 3 -> type = in.varint();
                default -> in.skip();
            }
        }
        SentencePiece.Type[] types = SentencePiece.Type.values();
        if (type < 1 || type > types.length) {
            throw new BadInputException(
                    source + ": piece " + pieces.size() + " has unknown type " + type + "; download the file again");
        }
        if (Float.isNaN(score)) {
            throw new BadInputException(source + ": piece " + pieces.size() + " has no score; download the file again");
        }
        return new SentencePiece(text, score, types[(int) type - 1]);
    }

    private void trainerSpec(ProtoReader in) {
        while (in.hasNext()) {
            switch (in.nextField()) {
                case 3 -> modelType = in.varint();
                case 24 -> whitespaceAsSuffix = in.bool();
                case 35 -> byteFallback = in.bool();
                case 44 -> unknownSurface = in.string();
                default -> in.skip();
            }
        }
    }

    private void normalizerSpec(ProtoReader in) {
        while (in.hasNext()) {
            switch (in.nextField()) {
                case 2 -> charsMapBytes = in.skipBytes();
                case 3 -> addDummyPrefix = in.bool();
                case 4 -> removeExtraWhitespaces = in.bool();
                case 5 -> escapeWhitespaces = in.bool();
                default -> in.skip();
            }
        }
    }
}
