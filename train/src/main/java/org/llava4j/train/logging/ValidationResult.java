package org.llava4j.train.logging;

import java.util.OptionalDouble;

/**
 * What one look at held-out data found.
 *
 * @param loss mean over the supervised words
 * @param accuracy share of right answers, 0..1; empty for conversations
 */
public record ValidationResult(double loss, OptionalDouble accuracy) {}
