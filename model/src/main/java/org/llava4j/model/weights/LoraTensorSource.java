package org.llava4j.model.weights;

import org.llava4j.model.TensorSource;
import org.llava4j.model.lora.LoraConfig;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Tensor source that adds newly initialized LoRA matrices to a model's weights. As in PEFT, A is uniform in ±1 /
 * sqrt(in) (Kaiming uniform with a = sqrt(5)) and B is zero, so that the initial output equals the base model's.
 *
 * @param base source of all other weights
 * @param seed of the A matrices
 */
public record LoraTensorSource(TensorSource base, long seed) implements TensorSource {

    @Override
    public INDArray tensor(String name, long... shape) {
        if (LoraConfig.isB(name)) {
            return Nd4j.zeros(DataType.FLOAT, shape);
        }
        return LoraConfig.isA(name)
                ? WeightInitializer.uniformLinear(seed, name, shape[1], shape)
                : base.tensor(name, shape);
    }

    @Override
    public SDVariable declare(SameDiff graph, String name, long... shape) {
        return LoraConfig.isLora(name) ? graph.constant(name, tensor(name, shape)) : base.declare(graph, name, shape);
    }

    @Override
    public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return base.declareMatrix(graph, name, shape);
    }

    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return base.declareRows(graph, name, table, ids, shape);
    }
}
