package org.llava4j.model;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.kernels.RotaryOrder;
import org.llava4j.model.ops.OpRegistry;
import org.llava4j.model.samediff.GraphHooks;
import org.llava4j.model.weights.WeightDtype;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Source of a graph's weights: while the graph is built, each variable is requested once by its Hugging Face name and
 * shape.
 */
@FunctionalInterface
public interface TensorSource {

    /** Creates the graph that the variables are declared in. */
    default SameDiff newGraph() {
        OpRegistry.register();
        return GraphHooks.newGraph();
    }

    /** Returns a tensor as float32 with exactly this shape. */
    INDArray tensor(String name, long... shape);

    /** Declares a variable in a graph, frozen. */
    default SDVariable declare(SameDiff graph, String name, long... shape) {
        return graph.constant(name, tensor(name, shape));
    }

    /**
     * Declares the weight of a linear layer or an embedding table, which the source may hold in low precision (see
     * {@link WeightDtype}).
     */
    default SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return declare(graph, name, shape);
    }

    /**
     * Declares the weight of a query or key projection whose rows the source has in the order of {@link
     * RotaryOrder#PAIRS} and need not copy to another.
     *
     * @return null if {@link #declareMatrix} declares it, with rows in the order of {@link RotaryOrder#HALVES}
     */
    default @Nullable SDVariable declareRotaryPairs(SameDiff graph, String name, long... shape) {
        return null;
    }

    /**
     * Declares rows of a table {@code float32[V, D]} as a separate variable, in the order of {@code ids}. The table
     * must be declared too; the rows are not a tensor of their own in a checkpoint.
     *
     * @param shape shape of the table
     */
    default SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return graph.constant(name, selectRows(tensor(table, shape), ids));
    }

    /** Copies rows of a table. */
    static INDArray selectRows(INDArray table, int[] ids) {
        INDArray rows = Nd4j.createUninitialized(table.dataType(), ids.length, table.size(1));
        for (int i = 0; i < ids.length; i++) {
            rows.putRow(i, table.getRow(ids[i]));
        }
        return rows;
    }

    /**
     * Names and shapes of all variables that {@code build} requests. No weight is read or allocated, and ND4J's native
     * library is not loaded, because the graph is never executed.
     */
    static SortedMap<String, long[]> shapes(Consumer<TensorSource> build) {
        SortedMap<String, long[]> shapes = new TreeMap<>();
        build.accept(new TensorSource() {
            @Override
            public SameDiff newGraph() {
                return SameDiff.create();
            }

            @Override
            public INDArray tensor(String name, long... shape) {
                throw new IllegalStateException("a graph of shapes has no values; requested " + name);
            }

            @Override
            public SDVariable declare(SameDiff graph, String name, long... shape) {
                shapes.put(name, shape);
                return graph.placeHolder(name, DataType.FLOAT, shape);
            }

            @Override
            public SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
                return graph.placeHolder(name, DataType.FLOAT, ids.length, shape[1]);
            }
        });
        return shapes;
    }
}
