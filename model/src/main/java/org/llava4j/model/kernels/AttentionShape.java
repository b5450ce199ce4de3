package org.llava4j.model.kernels;

/**
 * Shape of an attention call: how rows divide into sequences and heads.
 *
 * @param sequences B
 * @param length T
 * @param heads H
 * @param kvHeads G, a divisor of H
 * @param headDim d
 * @param causal whether position t attends only to positions up to t
 */
public record AttentionShape(int sequences, int length, int heads, int kvHeads, int headDim, boolean causal) {}
