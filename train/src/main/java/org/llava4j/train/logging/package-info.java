/**
 * What a run tells while it goes on ({@link org.llava4j.train.logging.TrainingListener}), and who listens: the line on the screen,
 * {@code metrics.jsonl}, TensorBoard's event files, {@code run.html}, SameDiff's listeners.
 */
package org.llava4j.train.logging;
