package org.llava4j.model.weights;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Where the graph's variables come from: every one asks here once, by its Hugging Face name and shape. */
@FunctionalInterface
public interface TensorSource {

    /** The tensor of this name as float32 with exactly this shape. */
    INDArray tensor(String name, long... shape);

    /** Declares the variable in a graph; it begins frozen. */
    default SDVariable declare(SameDiff graph, String name, long... shape) {
        return graph.constant(name, tensor(name, shape));
    }

    /**
     * Declares the weight of a linear layer, or an embedding's table: as any other, or in 16 bits where the source keeps
     * it so (see {@link WeightDtype}).
     */
    default SDVariable declareMatrix(SameDiff graph, String name, long... shape) {
        return declare(graph, name, shape);
    }

    /**
     * Declares some rows of a table {@code float32[V, D]}, in the order of {@code ids}, as a variable of their own. The
     * table is declared too: what is new here is no tensor of any file.
     *
     * @param shape the whole table's
     */
    default SDVariable declareRows(SameDiff graph, String name, String table, int[] ids, long... shape) {
        return graph.constant(name, selectRows(tensor(table, shape), ids));
    }

    /** Copies rows out of a table. */
    static INDArray selectRows(INDArray table, int[] ids) {
        INDArray rows = Nd4j.createUninitialized(table.dataType(), ids.length, table.size(1));
        for (int i = 0; i < ids.length; i++) {
            rows.putRow(i, table.getRow(ids[i]));
        }
        return rows;
    }

    /** Name and shape of every variable that {@code build} asks for; nothing is read or made. */
    static SortedMap<String, long[]> shapes(Consumer<TensorSource> build) {
        SortedMap<String, long[]> shapes = new TreeMap<>();
        build.accept(new TensorSource() {
            @Override
            public INDArray tensor(String name, long... shape) {
                throw new IllegalStateException("only shapes are asked for, not " + name);
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
