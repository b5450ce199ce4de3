/**
 * Weights of a model: strict loading of checkpoints in all published layouts
 * ({@link org.llava4j.model.weights.Checkpoint}), low precision and quantization of frozen weights
 * ({@link org.llava4j.model.weights.WeightDtype}), folders with quantized weights
 * ({@link org.llava4j.model.weights.QuantizedTensors}), and initialization
 * ({@link org.llava4j.model.weights.WeightInitializer}).
 *
 * <p>Dimension letters: D hidden size of the decoder, K input width of a linear layer, V vocabulary size. Shapes are
 * written as types: {@code float32[V, D]}.
 */
package org.llava4j.model.weights;
