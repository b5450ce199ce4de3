package org.llava4j.data.tensors;

/**
 * What a safetensors header says of one tensor.
 *
 * @param begin first byte, counted from the end of the header
 * @param end one past its last byte
 */
record SafetensorsEntry(TensorInfo tensor, long begin, long end) {}
