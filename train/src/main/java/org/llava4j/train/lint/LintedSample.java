package org.llava4j.train.lint;

import java.io.Serializable;
import java.util.List;
import org.llava4j.data.conversation.EncodedSample;

/**
 * A sample as training would see it.
 *
 * @param number index in the data, from 0
 * @param where file, line, index in the file and id
 * @param id what the data file calls it
 * @param encoded ids and labels; null if it could not be made
 * @param length positions with its image vectors, before anything is cut off
 * @param targetTokens positions that are learned, of those that are not cut off
 * @param images how many it has
 * @param contentHash of words and images, to find those that are there twice
 * @param findings what is wrong
 */
public record LintedSample(
        int number,
        String where,
        String id,
        EncodedSample encoded,
        int length,
        int targetTokens,
        int images,
        long contentHash,
        List<LintFinding> findings)
        implements Serializable {}
