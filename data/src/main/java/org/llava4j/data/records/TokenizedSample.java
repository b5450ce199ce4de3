package org.llava4j.data.records;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.conversation.EncodedSample;

/**
 * Tokenized sample.
 *
 * @param number index of the sample in its dataset
 * @param where location in the source data
 * @param id id in the data file
 * @param images image names as in the conversation
 * @param length length in positions with its image tokens, before truncation; 0 if the sample is invalid
 * @param encoded token ids and labels; null if the sample is invalid
 * @param problem reason why the sample is invalid; null if it is valid
 */
public record TokenizedSample(
        int number,
        String where,
        String id,
        List<String> images,
        int length,
        @Nullable EncodedSample encoded,
        @Nullable String problem)
        implements Serializable {
    public TokenizedSample {
        images = List.copyOf(images);
    }

    /** Creates an invalid sample. */
    public static TokenizedSample bad(int number, String where, String problem) {
        return new TokenizedSample(number, where, "", List.of(), 0, null, problem);
    }
}
