package org.llava4j.train.stage;

/**
 * A part of the model in a stage, and the proof of what became of it.
 *
 * @param name such as {@code mm_projector} or {@code layers}
 * @param learns whether the stage trains it
 * @param parameters number of weights
 * @param before SHA-256 over the weights before the stage
 * @param after the same after it
 */
public record WeightGroup(String name, boolean learns, long parameters, String before, String after) {

    public boolean moved() {
        return !before.equals(after);
    }
}
