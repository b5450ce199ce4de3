package org.llava4j.train.lint;

import java.io.Serializable;

/**
 * Violation of a lint rule by one sample.
 *
 * @param rule the rule
 * @param number index of the sample in the data, from 0
 * @param where file, line, index in the file and id of the sample
 * @param message description in one line
 */
record LintFinding(LintRule rule, int number, String where, String message) implements Serializable {}
