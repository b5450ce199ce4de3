/**
 * Custom SameDiff operations: the layers of LLaVA with their gradients. They define shapes and gradients; {@link
 * org.llava4j.model.kernels.Kernels} computes them. {@link org.llava4j.model.ops.OpRegistry} registers them with SameDiff.
 *
 * <p>Dimension letters: R rows, D model width, K input width, N output width, H heads, G key/value heads, d head width, B
 * sequences, T positions of a sequence, M target tokens, V vocabulary, C channels, S image side, P patches of an image, p
 * patch side. In vision operations N is the number of images; in {@link org.llava4j.model.ops.TrainableTokenEmbeddings} K
 * is the number of token ids.
 */
package org.llava4j.model.ops;
