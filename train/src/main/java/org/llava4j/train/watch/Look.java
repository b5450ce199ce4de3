package org.llava4j.train.watch;

import java.util.OptionalDouble;

/**
 * What one look at held-out data found.
 *
 * @param loss mean over the supervised words
 * @param accuracy share of right answers, 0..1; empty for conversations
 */
public record Look(double loss, OptionalDouble accuracy) {}
