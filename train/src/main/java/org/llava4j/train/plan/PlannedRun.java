package org.llava4j.train.plan;

import java.util.Optional;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.FrozenType;

/**
 * A run to plan, one picture in each sample.
 *
 * @param config the model
 * @param lora what is added to the decoder
 * @param learns names of weights that learn; never the tower's
 * @param tower where it is
 * @param frozenType how matrices that do not learn are kept
 * @param batch B, rows of one forward pass
 * @param length T, of the longest sequence with its image vectors
 * @param supervised positions of a row that are learned; 0 for all but the image's, the most there can be
 * @param accumulation forward passes of one optimiser step
 * @param recompute the decoder's layers make their activations again in the backward pass
 * @param lengthMultiple other lengths than T come too, in steps of this; 0 if every batch has T
 * @param featureBytes bound of the features kept in memory
 * @param heapBytes what of Java's heap will be resident, see {@link JvmShare#heapBytes()}
 */
public record PlannedRun(
        LlavaConfig config,
        Optional<LoraConfig> lora,
        Predicate<String> learns,
        Tower tower,
        FrozenType frozenType,
        int batch,
        int length,
        int supervised,
        int accumulation,
        boolean recompute,
        int lengthMultiple,
        long featureBytes,
        long heapBytes) {

    /** Where a run has the vision tower. */
    public enum Tower {
        /** In the graph: batches are pixels. */
        IN_GRAPH,
        /** Beside the graph, which takes its features: a stage. */
        BESIDE,
        /** Nowhere: features are given. */
        NONE
    }

    public PlannedRun {
        if (batch < 1 || accumulation < 1) {
            throw new BadInputException(
                    "a batch of " + batch + " accumulated " + accumulation + " times; give 1 or more of each");
        }
        if (length <= config.imageVectors()) {
            throw new BadInputException("a length of " + length + " has no room for text: an image becomes "
                    + config.imageVectors() + " vectors; give " + (config.imageVectors() + 1) + " or more");
        }
    }

    /** A run without LoRA that keeps its activations. */
    public PlannedRun(
            LlavaConfig config,
            Predicate<String> learns,
            Tower tower,
            FrozenType frozenType,
            int batch,
            int length,
            int supervised,
            int accumulation,
            int lengthMultiple,
            long featureBytes,
            long heapBytes) {
        this(
                config,
                Optional.empty(),
                learns,
                tower,
                frozenType,
                batch,
                length,
                supervised,
                accumulation,
                false,
                lengthMultiple,
                featureBytes,
                heapBytes);
    }

    /** M, supervised rows of a batch: the only ones that reach the head. */
    long targetRows() {
        int text = length - config.imageVectors();
        return (long) batch * (supervised == 0 ? text : Math.min(supervised, text));
    }

    /** The same run with another batch. */
    public PlannedRun withBatch(int rows) {
        return new PlannedRun(
                config,
                lora,
                learns,
                tower,
                frozenType,
                rows,
                length,
                supervised,
                accumulation,
                recompute,
                lengthMultiple,
                featureBytes,
                heapBytes);
    }

    /** The same run with another longest sequence. */
    public PlannedRun withLength(int positions) {
        return new PlannedRun(
                config,
                lora,
                learns,
                tower,
                frozenType,
                batch,
                positions,
                supervised,
                accumulation,
                recompute,
                lengthMultiple,
                featureBytes,
                heapBytes);
    }

    /** The same run with another type of frozen matrices. */
    public PlannedRun withFrozenType(FrozenType type) {
        return new PlannedRun(
                config,
                lora,
                learns,
                tower,
                type,
                batch,
                length,
                supervised,
                accumulation,
                recompute,
                lengthMultiple,
                featureBytes,
                heapBytes);
    }

    /** The same run with activations kept or made again. */
    public PlannedRun withRecompute(boolean again) {
        return new PlannedRun(
                config,
                lora,
                learns,
                tower,
                frozenType,
                batch,
                length,
                supervised,
                accumulation,
                again,
                lengthMultiple,
                featureBytes,
                heapBytes);
    }
}
