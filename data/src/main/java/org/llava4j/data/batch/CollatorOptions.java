package org.llava4j.data.batch;

import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;

/**
 * Options of the multimodal collator.
 *
 * @param numImageTokens P: 256 for a 224 px tower with patches of 14 px
 * @param vocabSize number of token ids
 * @param maxLength maximum length of a row, image tokens included; longer rows are truncated ({@code
 *     tokenizer_model_max_length})
 * @param paddingSide {@code tokenizer_padding_side}; generation needs right
 * @param padToMultipleOf pad to multiple of: T is rounded up to a multiple of this, to limit the number of different shapes
 * @param imageStartEnd the start and end tokens of an image, or null if the model has none; a row that would be truncated
 *     inside an image ends before it
 * @param packing whether the samples of a batch are packed into one row, where they do not attend to each other, if that
 *     takes fewer positions than a row for each; the padding side does not matter then
 */
public record CollatorOptions(
        int numImageTokens,
        int vocabSize,
        int maxLength,
        PaddingSide paddingSide,
        int padToMultipleOf,
        @Nullable ImageStartEndTokens imageStartEnd,
        boolean packing) {
    /** Side on which a row is padded. */
    public enum PaddingSide {
        LEFT,
        RIGHT
    }

    public CollatorOptions {
        if (numImageTokens < 1 || vocabSize < 1 || maxLength < 1 || padToMultipleOf < 1) {
            throw new BadInputException(
                    "image tokens per image " + numImageTokens + ", vocabulary " + vocabSize + ", maximum length "
                            + maxLength + " and padding multiple " + padToMultipleOf + " must all be positive");
        }
    }

    /** Options without packing. */
    public CollatorOptions(
            int numImageTokens,
            int vocabSize,
            int maxLength,
            PaddingSide paddingSide,
            int padToMultipleOf,
            @Nullable ImageStartEndTokens imageStartEnd) {
        this(numImageTokens, vocabSize, maxLength, paddingSide, padToMultipleOf, imageStartEnd, false);
    }

    /** Options without image start and end tokens, and without packing. */
    public CollatorOptions(
            int numImageTokens, int vocabSize, int maxLength, PaddingSide paddingSide, int padToMultipleOf) {
        this(numImageTokens, vocabSize, maxLength, paddingSide, padToMultipleOf, null);
    }

    /** The same options with packing. */
    public CollatorOptions withPacking() {
        return new CollatorOptions(
                numImageTokens, vocabSize, maxLength, paddingSide, padToMultipleOf, imageStartEnd, true);
    }

    /** Options with right padding, without rounding of T. */
    public CollatorOptions(int numImageTokens, int vocabSize, int maxLength) {
        this(numImageTokens, vocabSize, maxLength, PaddingSide.RIGHT, 1);
    }
}
