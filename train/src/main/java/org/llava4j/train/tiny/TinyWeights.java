package org.llava4j.train.tiny;

import org.llava4j.model.config.ClipConfig;
import org.llava4j.model.weights.FreshTensors;
import org.llava4j.model.weights.TensorSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** First weights of the tiny model, by name: norms begin as the identity, biases at 0, matrices random. */
record TinyWeights(long seed) implements TensorSource {
    private static final double DECODER_DEVIATION = 0.05;
    private static final double TOWER_DEVIATION = 0.06;
    private static final double POSITION_DEVIATION = 0.3;

    @Override
    public INDArray tensor(String name, long... shape) {
        if (name.contains("mm_projector")) {
            return FreshTensors.linear(seed, name, TinySizes.VISION.hiddenSize(), shape);
        }
        if (name.endsWith(".bias")) {
            return Nd4j.zeros(shape);
        }
        if (name.matches(".*norm\\d?\\.weight")) {
            return Nd4j.ones(shape);
        }
        return FreshTensors.normal(seed, name, deviation(name, shape), shape);
    }

    private static double deviation(String name, long... shape) {
        if (!name.contains("vision_model.")) {
            return DECODER_DEVIATION;
        }
        if (name.endsWith("patch_embedding.weight")) {
            return 1 / Math.sqrt(shape[1] * shape[2] * shape[3]);
        }
        if (name.endsWith("position_embedding.weight")) {
            return POSITION_DEVIATION;
        }
        // What is added to the residual stream starts smaller the more layers add to it.
        ClipConfig vision = TinySizes.VISION;
        boolean addsToStream = name.endsWith("out_proj.weight") || name.endsWith("fc2.weight");
        return TOWER_DEVIATION * (addsToStream ? 1 / Math.sqrt(2.0 * vision.layers()) : 1);
    }
}
