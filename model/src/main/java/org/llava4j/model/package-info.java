/**
 * The LLaVA model as one SameDiff graph. {@link org.llava4j.model.Llava} builds it from
 * {@link org.llava4j.model.VisionTower}, {@link org.llava4j.model.Projector} and {@link org.llava4j.model.Decoder};
 * {@link org.llava4j.model.chat.LlavaModel} loads a model folder and generates answers. Package {@code ops} has the graph
 * operations, {@code kernels} their arithmetic, {@code weights} loads checkpoints, {@code generate} has the KV cache
 * and the continuous-batching scheduler.
 *
 * <p>Dimension letters: N images, S pixels per side, P image tokens per image, B sequences, T tokens per sequence
 * (padded), R = B*T rows, D hidden size of the decoder, Dv hidden size of the vision tower, H attention heads, G
 * key/value heads, d head dimension, M target tokens, V vocabulary size. Shapes are written as types:
 * {@code float32[B*T, D]}.
 */
package org.llava4j.model;
