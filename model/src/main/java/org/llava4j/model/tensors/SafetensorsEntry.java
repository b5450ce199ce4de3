package org.llava4j.model.tensors;

/**
 * Entry of a safetensors header.
 *
 * @param tensor name, dtype and shape
 * @param begin offset of the first byte, relative to the end of the header
 * @param end offset after the last byte
 */
record SafetensorsEntry(TensorInfo tensor, long begin, long end) {}
