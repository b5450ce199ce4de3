package org.llava4j.train.lint;

import java.io.Serializable;

/**
 * Something that is wrong with a sample.
 *
 * @param where file and line of the sample
 * @param message one line
 */
public record Finding(Rule rule, String where, String message) implements Serializable {}
