/**
 * Compute kernels for training and inference: {@link org.llava4j.model.kernels.Kernels}. Each family of operations has
 * an interface ({@link org.llava4j.model.kernels.LinearKernels}, ...), a fast CPU implementation on OpenBLAS and the
 * Vector API ({@code CpuLinear}, ...), and a reference implementation in ND4J calls ({@code Nd4jLinear}, ...).
 *
 * <p>Frozen weights may be stored in low precision: bf16 and fp16 ({@code HalfMatrix}) or quantized ({@link
 * org.llava4j.model.kernels.QuantizedFormat}, or {@link org.llava4j.model.kernels.BlockFormat} of GGUF files).
 * Decode steps read a KV cache per layer ({@link
 * org.llava4j.model.kernels.DecodeAttentionKernels.LayerKvCache}).
 *
 * <p>Dimension letters: R rows, D model width, K input width, N output width, H heads, G key/value heads, d head width, B
 * sequences, T positions of a sequence, M target tokens, V vocabulary, C channels, S image side, P patches of an image, p
 * patch side. In vision kernels N is the number of images.
 */
package org.llava4j.model.kernels;
