/**
 * Checkpoints of training runs: trainable weights, optimizer moments, position in schedule and data, counters. A run
 * that is killed and resumed produces output identical to an uninterrupted one.
 */
package org.llava4j.train.checkpoint;
