/**
 * Token generation: the continuous-batching scheduler
 * ({@link org.llava4j.model.generate.ContinuousBatchingScheduler}), prefill and decode steps with a KV cache
 * ({@code IncrementalDecoder}, {@code KvCache}) and token sampling. Package {@code chat} turns conversations into
 * prompts and tokens into text.
 *
 * <p>Dimension letters: B sequences, D hidden size of the decoder, G key/value heads, d head dimension, V vocabulary
 * size. Shapes are written as types: {@code float32[B, V]}.
 */
package org.llava4j.model.generate;
