package org.llava4j.train.lint;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.conversation.EncodedSample;

/**
 * Lint result of one sample.
 *
 * @param number index in the data, from 0
 * @param where file, line, index in the file and id
 * @param id id in the data file
 * @param encoded token ids and labels; null if the sample cannot be encoded
 * @param length tokens including image tokens, before truncation
 * @param targetTokens tokens with a target, after truncation
 * @param images number of images
 * @param contentHash hash of text and image names, to detect duplicates
 * @param findings violations of lint rules
 */
public record LintedSample(
        int number,
        String where,
        String id,
        @Nullable EncodedSample encoded,
        int length,
        int targetTokens,
        int images,
        long contentHash,
        List<LintFinding> findings)
        implements Serializable {}
