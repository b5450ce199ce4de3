package org.llava4j.eval.tiny;

import org.llava4j.model.TensorSource;
import org.llava4j.model.weights.WeightInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Initial weights of the tiny model: norms are the identity, biases 0, matrices random normal.
 *
 * @param seed seed of all random weights
 */
record TinyInitializer(long seed) implements TensorSource {
    private static final double DECODER_DEVIATION = 0.05;

    /** Large enough that randomly initialized layers do not outweigh the token embeddings. */
    private static final double EMBEDDING_DEVIATION = 1;

    private static final double TOWER_DEVIATION = 0.06;
    private static final double POSITION_DEVIATION = 0.3;

    @Override
    public INDArray tensor(String name, long... shape) {
        if (name.contains("mm_projector")) {
            return WeightInitializer.uniformLinear(seed, name, TinyModelConfig.VISION.hiddenSize(), shape);
        }
        if (name.endsWith(".bias")) {
            return Nd4j.zeros(shape);
        }
        if (name.matches(".*norm\\d?\\.weight")) {
            return Nd4j.ones(shape);
        }
        return WeightInitializer.normal(seed, name, deviation(name, shape), shape);
    }

    private static double deviation(String name, long... shape) {
        if (!name.contains("vision_model.")) {
            return decoderDeviation(name);
        }
        if (name.endsWith("patch_embedding.weight")) {
            return 1 / Math.sqrt(shape[1] * shape[2] * shape[3]);
        }
        if (name.endsWith("position_embedding.weight")) {
            return POSITION_DEVIATION;
        }
        boolean addsToStream = name.endsWith("out_proj.weight") || name.endsWith("fc2.weight");
        return TOWER_DEVIATION * (addsToStream ? residualScale(TinyModelConfig.VISION.layers()) : 1);
    }

    private static double decoderDeviation(String name) {
        if (name.endsWith("embed_tokens.weight")) {
            return EMBEDDING_DEVIATION;
        }
        boolean addsToStream = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
        return DECODER_DEVIATION * (addsToStream ? residualScale(TinyModelConfig.DECODER_LAYERS) : 1);
    }

    /** Scale of layers that write to the residual stream, smaller the more layers there are. */
    private static double residualScale(int layers) {
        return 1 / Math.sqrt(2.0 * layers);
    }
}
