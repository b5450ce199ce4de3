/**
 * Training loop of LLaVA models: gradient accumulation, AdamW with gradient clipping, and the learning-rate schedule.
 * {@link org.llava4j.train.run} runs whole training stages with it.
 *
 * <p>Dimension letters: B sequences of a batch, T positions of a sequence, D model width, V vocabulary, M target
 * tokens. Shapes are types: {@code float32[B*T, D]}.
 */
package org.llava4j.train;
