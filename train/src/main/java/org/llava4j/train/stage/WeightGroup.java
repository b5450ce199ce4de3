package org.llava4j.train.stage;

import org.llava4j.model.weights.TensorHash;

/**
 * A part of the model in a stage, and the proof of what became of it.
 *
 * @param name such as {@code mm_projector} or {@code layers}
 * @param learns whether the stage trains it
 * @param parameters number of weights
 * @param before hash and norm of the weights before the stage
 * @param after the same after it
 */
public record WeightGroup(
        String name, boolean learns, long parameters, TensorHash.TensorDigest before, TensorHash.TensorDigest after) {

    public boolean changed() {
        return !before.sha256().equals(after.sha256());
    }
}
