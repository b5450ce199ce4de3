package org.llava4j.data.tokenizer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Comparison of {@code tokenizer.json} and {@code tokenizer.model} in one folder. */
public final class TokenizerComparison {
    /** Texts on which tokenizers with the same pieces differ. */
    private static final List<String> TEXTS = List.of(
            "Hello world",
            " Hello  world ",
            "\n",
            "Hi</s>there",
            "Hi </s> there",
            "caf\u00e9 1234\t\u4f60\u597d \ud83d\ude00");

    private TokenizerComparison() {}

    /**
     * The first difference of the two files, of which the former is used.
     *
     * @return one line; null if they agree, or if one of them is missing
     * @throws BadInputException if {@code tokenizer.json} is invalid
     */
    public static @Nullable String difference(Path folder) {
        Path model = folder.resolve(TokenizerFiles.MODEL);
        if (!Files.isRegularFile(folder.resolve(TokenizerFiles.JSON)) || !Files.isRegularFile(model)) {
            return null;
        }
        LlamaTokenizer used = LlamaTokenizer.load(folder.resolve(TokenizerFiles.JSON));
        String difference;
        try {
            difference = difference(used, LlamaTokenizer.load(model));
        } catch (BadInputException e) {
            difference = e.getMessage();
        }
        return difference == null
                ? null
                : folder + ": " + TokenizerFiles.JSON + " and " + TokenizerFiles.MODEL + " differ, " + difference + "; "
                        + TokenizerFiles.JSON + " is used, as in transformers";
    }

    private static @Nullable String difference(LlamaTokenizer used, LlamaTokenizer other) {
        String ofIds = differenceOfIds(used, other);
        if (ofIds != null) {
            return ofIds;
        }
        String ofTexts = differenceOfTexts(used, other);
        return ofTexts == null ? differenceOfMerges(used, other) : ofTexts;
    }

    private static @Nullable String differenceOfIds(LlamaTokenizer used, LlamaTokenizer other) {
        if (used.size() != other.size()) {
            return "they have " + used.size() + " and " + other.size() + " ids";
        }
        for (int id = 0; id < used.size(); id++) {
            String piece = used.isDefined(id) ? used.piece(id) : "";
            String otherPiece = other.isDefined(id) ? other.piece(id) : "";
            if (!piece.equals(otherPiece)) {
                return "id " + id + " is " + quoted(piece) + " and " + quoted(otherPiece);
            }
        }
        return null;
    }

    /**
     * The first difference of two tokenizers in the treatment of spaces and special tokens.
     *
     * @return part of a sentence; null if there is none
     */
    static @Nullable String differenceOfTexts(LlamaTokenizer used, LlamaTokenizer other) {
        for (String text : TEXTS) {
            if (!Arrays.equals(used.encodeWithBos(text), other.encodeWithBos(text))) {
                return differentIds(text, used.encodeWithBos(text), other.encodeWithBos(text));
            }
        }
        return null;
    }

    /**
     * As {@link #differenceOfTexts}, between a tokenizer that inserts no space before text that begins with one, and
     * another that always does: the latter encodes texts without the first space of the text and after {@code </s>}.
     */
    static @Nullable String differenceWithoutLeadingSpaces(LlamaTokenizer used, LlamaTokenizer other) {
        for (String text : TEXTS) {
            int[] ids = other.encodeWithBos(text.replaceAll("(^|</s>) ", "$1"));
            if (!Arrays.equals(used.encodeWithBos(text), ids)) {
                return differentIds(text, used.encodeWithBos(text), ids);
            }
        }
        return null;
    }

    /**
     * The first difference of two tokenizers in the ids of the texts of all pieces.
     *
     * @return part of a sentence; null if there is none
     */
    static @Nullable String differenceOfMerges(LlamaTokenizer used, LlamaTokenizer other) {
        for (int id = 0; id < used.size(); id++) {
            String text = used.isDefined(id)
                    ? used.piece(id).replace(SentencePieceModel.SPACE, ' ').strip()
                    : "";
            if (!Arrays.equals(used.encode(text), other.encode(text))) {
                return differentIds(text, used.encode(text), other.encode(text));
            }
        }
        return null;
    }

    private static String differentIds(String text, int[] used, int[] other) {
        return quoted(text) + " is encoded as " + Arrays.toString(used) + " and " + Arrays.toString(other);
    }

    /** Quotes a text in one line. */
    static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }
}
