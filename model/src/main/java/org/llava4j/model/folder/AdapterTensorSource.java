package org.llava4j.model.folder;

import java.util.Set;
import org.llava4j.model.TensorSource;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tensor source of a base model with a LoRA adapter.
 *
 * @param base the base's weights
 * @param unmerged targets whose A and B are weights of the graph; all others are merged
 * @param type dtype of the base's matrices
 */
record AdapterTensorSource(Checkpoint base, LoraAdapter adapter, Set<String> unmerged, WeightDtype type)
        implements TensorSource {

    @Override
    public INDArray tensor(String name, long... shape) {
        return LoraConfig.isLora(name) ? adapter.read(name) : base.tensor(name, shape);
    }

    @Override
    public SDVariable declare(SameDiff graph, String name, long... shape) {
        return LoraConfig.isLora(name) ? graph.constant(name, adapter.read(name)) : base.declare(graph, name, shape);
    }

    @Override
    public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        if (!adapter.isTarget(name) || unmerged.contains(name)) {
            return base.declareMatrix(graph, name, shape);
        }
        return graph.constant(name, type.convert(name, adapter.merge(name, base.tensor(name, shape))));
    }

    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return base.declareRows(graph, name, table, ids, shape);
    }
}
