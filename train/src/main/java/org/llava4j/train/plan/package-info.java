/**
 * Memory estimates of a training run before it starts: parameter counts and every part of the peak memory, computed from
 * shapes alone ({@link org.llava4j.train.plan.MemoryPlan}).
 *
 * <p>Dimension letters: B sequences of a batch, T positions of a sequence, M target tokens of a batch.
 */
package org.llava4j.train.plan;
