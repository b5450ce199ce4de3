/**
 * What LLaVA is: one SameDiff graph. {@link org.llava4j.model.Llava} joins its three parts,
 * {@link org.llava4j.model.VisionTower}, {@link org.llava4j.model.Projector} and {@link org.llava4j.model.Decoder};
 * {@code ops} are its operations, {@code kernels} their arithmetic, {@code weights} where its numbers come from.
 *
 * <p>Dimension letters: N images, S pixels a side, P vectors of one image, B sequences, T positions, R = B*T rows,
 * D model width, H heads, G key/value heads, d head width, M supervised rows, V vocabulary. Shapes are types:
 * {@code float32[B*T, D]}.
 */
package org.llava4j.model;
