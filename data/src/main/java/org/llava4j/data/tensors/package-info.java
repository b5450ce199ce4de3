/**
 * Named tensors on disk. Safetensors: an 8-byte little-endian length, a JSON header of that length (name, dtype, shape
 * and byte range of each tensor), then the bytes of all tensors without gaps. PyTorch's own files: see
 * {@link org.llava4j.data.tensors.torch}. Both are read strictly, because a file that is slightly wrong would otherwise
 * become a model that is slightly wrong; written are safetensors only.
 */
package org.llava4j.data.tensors;
