/**
 * Training listeners ({@link org.llava4j.train.logging.TrainingListener}) and the logs they write: console progress,
 * {@code metrics.jsonl}, TensorBoard event files, {@code run.html}, SameDiff listeners.
 */
package org.llava4j.train.logging;
