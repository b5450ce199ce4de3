package org.llava4j.train.logging;

import org.jspecify.annotations.Nullable;

/**
 * Result of an evaluation on the validation set.
 *
 * @param loss mean over the target tokens
 * @param accuracy share of correct answers, 0..1; null for conversations
 */
public record ValidationResult(double loss, @Nullable Double accuracy) {}
