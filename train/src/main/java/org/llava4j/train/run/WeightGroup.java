package org.llava4j.train.run;

import org.llava4j.model.weights.TensorHash;

/**
 * Result of the frozen-weight check for one group of weights.
 *
 * @param name such as {@code mm_projector} or {@code layers}
 * @param trainable whether the stage trains the group
 * @param parameters number of parameters
 * @param before hash and norm before the stage
 * @param after hash and norm after the stage
 */
public record WeightGroup(
        String name,
        boolean trainable,
        long parameters,
        TensorHash.TensorDigest before,
        TensorHash.TensorDigest after) {

    /** Whether the weights changed. */
    boolean changed() {
        return !before.sha256().equals(after.sha256());
    }
}
