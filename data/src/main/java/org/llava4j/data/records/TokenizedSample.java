package org.llava4j.data.records;

import java.io.Serializable;
import java.util.List;
import org.llava4j.data.conversation.EncodedSample;

/**
 * A sample whose text has become ids.
 *
 * @param number of the sample in its data
 * @param where file and line that it came from
 * @param id what the data file calls it
 * @param images as the conversation names them
 * @param length positions with its image vectors, before anything is cut off; 0 if it is no good
 * @param encoded ids and labels; null if it is no good
 * @param problem what is wrong with it; null if nothing is
 */
public record TokenizedSample(
        int number, String where, String id, List<String> images, int length, EncodedSample encoded, String problem)
        implements Serializable {
    public TokenizedSample {
        images = List.copyOf(images);
    }

    /** A sample that is no good. */
    public static TokenizedSample bad(int number, String where, String problem) {
        return new TokenizedSample(number, where, "", List.of(), 0, null, problem);
    }
}
