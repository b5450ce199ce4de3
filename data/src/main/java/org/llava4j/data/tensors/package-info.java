/**
 * The safetensors format: an 8-byte little-endian length, a JSON header of that length (name, dtype, shape and byte
 * range of each tensor), then the bytes of all tensors without gaps. Read strictly, because a file that is slightly
 * wrong would otherwise become a model that is slightly wrong.
 */
package org.llava4j.data.tensors;
