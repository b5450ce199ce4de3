package org.llava4j.train.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.llava4j.model.TensorSource;
import org.llava4j.model.memory.MetaMemory;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Weights of a graph as meta arrays, which take no memory. */
final class MetaWeights implements TensorSource {
    private final List<Weight> weights = new ArrayList<>();

    /**
     * A weight.
     *
     * @param matrix whether it may be stored in low precision when frozen
     */
    record Weight(String name, List<Long> shape, boolean matrix) {
        /** Number of elements. */
        long length() {
            return shape.stream().reduce(1L, (a, b) -> a * b);
        }
    }

    /** All weights declared so far, in the order of their declaration. */
    List<Weight> declared() {
        return weights;
    }

    @Override
    public INDArray tensor(String name, long... shape) {
        return MetaMemory.array(DataType.FLOAT, shape);
    }

    @Override
    public SDVariable declare(SameDiff graph, String name, long... shape) {
        return declare(graph, name, false, shape);
    }

    @Override
    public SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return declare(graph, name, true, shape);
    }

    @Override
    public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return declare(graph, name, false, ids.length, shape[1]);
    }

    private SDVariable declare(SameDiff graph, String name, boolean matrix, long... shape) {
        weights.add(new Weight(name, Arrays.stream(shape).boxed().toList(), matrix));
        return graph.constant(name, tensor(name, shape));
    }
}
