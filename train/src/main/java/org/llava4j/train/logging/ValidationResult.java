package org.llava4j.train.logging;

import java.util.OptionalDouble;

/**
 * Result of an evaluation on the validation set.
 *
 * @param loss mean over the target tokens
 * @param accuracy share of correct answers, 0..1; empty for conversations
 */
public record ValidationResult(double loss, OptionalDouble accuracy) {}
