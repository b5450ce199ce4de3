package org.llava4j.model;

import org.llava4j.model.kernels.RotaryOrder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** Declares a submodule's weights as graph variables under a name prefix. All weights are declared frozen. */
record WeightScope(SameDiff sd, TensorSource source, String prefix) {

    /** A weight that is always float32, such as a bias or a norm. */
    SDVariable get(String name, long... shape) {
        String full = prefix + name;
        return sd.hasVariable(full) ? sd.getVariable(full) : source.declare(sd, full, shape);
    }

    /** Rows of an embedding table as a separate variable. */
    SDVariable getRows(String name, String table, int[] ids, long... tableShape) {
        return source.declareRows(sd, prefix + name, prefix + table, ids, tableShape);
    }

    /** A matrix that only Linear or Embedding ops read; the source may hold it in low precision. */
    SDVariable matrix(String name, long... shape) {
        String full = prefix + name;
        return sd.hasVariable(full) ? sd.getVariable(full) : source.declareMatrix(sd, full, shape);
    }

    /** A matrix of a query or key projection, with the order of its rows. */
    RotaryMatrix rotaryMatrix(String name, long... shape) {
        SDVariable pairs = source.declareRotaryPairs(sd, prefix + name, shape);
        return pairs == null
                ? new RotaryMatrix(matrix(name, shape), RotaryOrder.HALVES)
                : new RotaryMatrix(pairs, RotaryOrder.PAIRS);
    }

    /** The weight {@code [H*d, D]} of a query or key projection. */
    record RotaryMatrix(SDVariable weight, RotaryOrder order) {}

    WeightScope child(String name) {
        return new WeightScope(sd, source, prefix + name);
    }
}
