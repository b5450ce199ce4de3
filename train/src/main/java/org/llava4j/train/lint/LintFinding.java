package org.llava4j.train.lint;

import java.io.Serializable;

/**
 * Something that is wrong with a sample.
 *
 * @param number index of the sample in the data, from 0
 * @param where file, line, index in the file and id of the sample
 * @param message one line
 */
public record LintFinding(LintRule rule, int number, String where, String message) implements Serializable {}
