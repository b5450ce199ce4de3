/**
 * Linter for training data: reads every sample as training does and reports invalid, truncated and duplicate samples.
 */
package org.llava4j.train.lint;
