package org.llava4j.model.weights;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Where the graph's variables come from: every one asks here once, by its Hugging Face name and shape. */
@FunctionalInterface
public interface TensorSource {

    /** The tensor of this name as float32 with exactly this shape. */
    INDArray tensor(String name, long... shape);

    /**
     * Some rows of a table {@code float32[V, D]}, in the order of {@code ids}, as a new array; the table may be asked
     * for as well.
     *
     * @param shape the whole table's
     */
    default INDArray rows(String table, int[] ids, long... shape) {
        return pick(tensor(table, shape), ids);
    }

    /** Copies rows out of a table. */
    static INDArray pick(INDArray table, int[] ids) {
        INDArray rows = Nd4j.createUninitialized(table.dataType(), ids.length, table.size(1));
        for (int i = 0; i < ids.length; i++) {
            rows.putRow(i, table.getRow(ids[i]));
        }
        return rows;
    }
}
