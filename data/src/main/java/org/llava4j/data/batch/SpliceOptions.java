package org.llava4j.data.batch;

import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.text.ImageSlot;

/**
 * How rows are laid out.
 *
 * @param vectorsPerImage P: 256 for a 224 px tower with patches of 14
 * @param vocabSize ids run from 0 to here, exclusive
 * @param maxLength longest row with its image vectors; what is beyond is cut off ({@code tokenizer_model_max_length})
 * @param paddingSide where padding goes: right for training, left for answering several prompts at once
 * @param multiple T is rounded up to a multiple of this, so that few different shapes occur
 * @param slot the tokens around an image, where the model has them: a row that would be cut inside such a slot ends
 *     before it
 */
public record SpliceOptions(
        int vectorsPerImage, int vocabSize, int maxLength, Side paddingSide, int multiple, Optional<ImageSlot> slot) {
    /** Which end of a row. */
    public enum Side {
        LEFT,
        RIGHT
    }

    public SpliceOptions {
        if (vectorsPerImage < 1 || vocabSize < 1 || maxLength < 1 || multiple < 1) {
            throw new BadInputException("vectors per image " + vectorsPerImage + ", vocabulary " + vocabSize
                    + ", maximum length " + maxLength + " and padding multiple " + multiple + " must all be positive");
        }
    }

    /** No tokens around images. */
    public SpliceOptions(int vectorsPerImage, int vocabSize, int maxLength, Side paddingSide, int multiple) {
        this(vectorsPerImage, vocabSize, maxLength, paddingSide, multiple, Optional.empty());
    }

    /** Padding on the right, no rounding. */
    public SpliceOptions(int vectorsPerImage, int vocabSize, int maxLength) {
        this(vectorsPerImage, vocabSize, maxLength, Side.RIGHT, 1);
    }
}
