package org.llava4j.data.batch;

import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.ImageStartEndTokens;

/**
 * How rows are laid out.
 *
 * @param numImageTokens P: 256 for a 224 px tower with patches of 14
 * @param vocabSize ids run from 0 to here, exclusive
 * @param maxLength longest row with its image vectors; what is beyond is cut off ({@code tokenizer_model_max_length})
 * @param paddingSide where padding goes: right for training, left for answering several prompts at once
 * @param padToMultipleOf T is rounded up to a multiple of this, so that few different shapes occur
 * @param imageStartEnd the tokens around an image, where the model has them: a row that would be cut inside such a slot ends
 *     before it
 */
public record CollatorOptions(
        int numImageTokens,
        int vocabSize,
        int maxLength,
        PaddingSide paddingSide,
        int padToMultipleOf,
        Optional<ImageStartEndTokens> imageStartEnd) {
    /** Which end of a row. */
    public enum PaddingSide {
        LEFT,
        RIGHT
    }

    public CollatorOptions {
        if (numImageTokens < 1 || vocabSize < 1 || maxLength < 1 || padToMultipleOf < 1) {
            throw new BadInputException(
                    "vectors per image " + numImageTokens + ", vocabulary " + vocabSize + ", maximum length "
                            + maxLength + " and padding multiple " + padToMultipleOf + " must all be positive");
        }
    }

    /** No tokens around images. */
    public CollatorOptions(int vectorsPerImage, int vocabSize, int maxLength, PaddingSide paddingSide, int multiple) {
        this(vectorsPerImage, vocabSize, maxLength, paddingSide, multiple, Optional.empty());
    }

    /** Padding on the right, no rounding. */
    public CollatorOptions(int vectorsPerImage, int vocabSize, int maxLength) {
        this(vectorsPerImage, vocabSize, maxLength, PaddingSide.RIGHT, 1);
    }
}
