/**
 * Tensor files: safetensors and PyTorch checkpoints. A safetensors file consists of an 8-byte little-endian header
 * length, a JSON header (name, dtype, shape and byte range of each tensor) and the data of all tensors without gaps.
 * For PyTorch files see {@link org.llava4j.model.tensors.torch}.
 *
 * <p>Both formats are validated strictly, because a slightly damaged file would otherwise become a slightly wrong
 * model. Only safetensors are written.
 */
package org.llava4j.model.tensors;
