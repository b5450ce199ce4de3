package org.llava4j.data.conversation;

import java.io.Serializable;

/**
 * A sample as ids, each image still one sentinel.
 *
 * @param inputIds {@code int32[T]}, {@link org.llava4j.data.tokenizer.LlamaTokenizer#IMAGE_TOKEN_ID} where an image stands
 * @param labels {@code int32[T]}: the id itself where it is learned, {@link #IGNORE_INDEX} elsewhere
 */
@SuppressWarnings("ArrayRecordComponent") // plain numbers for the graph; never compared or used as a key
public record EncodedSample(int[] inputIds, int[] labels) implements Serializable {
    /** The label of a position that is not learned. */
    public static final int IGNORE_INDEX = -100;

    public EncodedSample {
        if (inputIds.length != labels.length) {
            throw new IllegalArgumentException(inputIds.length + " ids but " + labels.length + " labels");
        }
    }
}
