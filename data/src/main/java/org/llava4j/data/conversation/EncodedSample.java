package org.llava4j.data.conversation;

import java.io.Serializable;

/**
 * Tokenized sample, with one sentinel id for each image.
 *
 * @param inputIds {@code int32[T]}, {@link org.llava4j.data.tokenizer.LlamaTokenizer#IMAGE_TOKEN_ID} for an image
 * @param labels {@code int32[T]}: the id of a target token, {@link #IGNORE_INDEX} elsewhere
 */
@SuppressWarnings("ArrayRecordComponent") // plain numbers for the graph; never compared or used as a key
public record EncodedSample(int[] inputIds, int[] labels) implements Serializable {
    /** Label of a position that the loss ignores. */
    public static final int IGNORE_INDEX = -100;

    public EncodedSample {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(inputIds.length + " ids but " + labels.length + " labels");
        }
    }
}
