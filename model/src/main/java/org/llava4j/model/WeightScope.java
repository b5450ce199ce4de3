package org.llava4j.model;

import org.llava4j.model.weights.TensorSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** Declares a part's variables in the graph under their tensor names; all begin frozen. */
record WeightScope(SameDiff sd, TensorSource source, String prefix) {

    /** A vector, or anything that must be float32. */
    SDVariable get(String name, long... shape) {
        String full = prefix + name;
        return sd.hasVariable(full) ? sd.getVariable(full) : source.declare(sd, full, shape);
    }

    /** Some rows of a table as a variable of their own. */
    SDVariable getRows(String name, String table, int[] ids, long... tableShape) {
        return source.declareRows(sd, prefix + name, prefix + table, ids, tableShape);
    }

    /** What only Linear or Embedding read: the source may keep it in 16 bits. */
    SDVariable matrix(String name, long... shape) {
        String full = prefix + name;
        return sd.hasVariable(full) ? sd.getVariable(full) : source.declareMatrix(sd, full, shape);
    }

    WeightScope child(String more) {
        return new WeightScope(sd, source, prefix + more);
    }
}
