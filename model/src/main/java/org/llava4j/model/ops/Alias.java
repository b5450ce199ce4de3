package org.llava4j.model.ops;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;

/**
 * SameDiff's identity, which gives a variable a second name and copies nothing. ND4J asks its native library for the number
 * of outputs of its own operations while a graph is built; this one knows it, so that the shapes of a model are known
 * without that library.
 */
public final class Alias extends Identity {

    private Alias(SDVariable x) {
        super(x.getSameDiff(), x);
    }

    /** Adds the operation to the graph of {@code x} and returns the variable {@code name}. */
    public static SDVariable of(String name, SDVariable x) {
        SDVariable y = new Alias(x).outputVariable();
        return x.getSameDiff().updateVariableNameAndReference(y, name);
    }

    @Override
    public int getNumOutputs() {
        return 1;
    }
}
