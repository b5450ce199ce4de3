package org.llava4j.train.plan;

import java.util.Optional;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.WeightDtype;

/**
 * A run to plan, one picture in each sample.
 *
 * @param config the model
 * @param lora what is added to the decoder
 * @param trainable names of weights that learn; never the tower's
 * @param tower where it is
 * @param frozenDtype how matrices that do not learn are kept
 * @param batchSize B, rows of one forward pass
 * @param maxLength T, of the longest sequence with its image vectors
 * @param targetTokens positions of a row that are learned; 0 for all but the image's, the most there can be
 * @param gradientAccumulationSteps forward passes of one optimiser step
 * @param gradientCheckpointing the decoder's layers make their activations again in the backward pass
 * @param padToMultipleOf other lengths than T come too, in steps of this; 0 if every batch has T
 * @param featureBytes bound of the features kept in memory
 * @param heapBytes what of Java's heap will be resident, see {@link JvmMemory#heapBytes()}
 */
public record PlannedRun(
        LlavaConfig config,
        Optional<LoraConfig> lora,
        Predicate<String> trainable,
        TowerPlacement tower,
        WeightDtype frozenDtype,
        int batchSize,
        int maxLength,
        int targetTokens,
        int gradientAccumulationSteps,
        boolean gradientCheckpointing,
        int padToMultipleOf,
        long featureBytes,
        long heapBytes) {

    /** Where a run has the vision tower. */
    public enum TowerPlacement {
        /** In the graph: batches are pixels. */
        IN_GRAPH,
        /** Beside the graph, which takes its features: a stage. */
        SEPARATE,
        /** Nowhere: features are given. */
        NONE
    }

    public PlannedRun {
        if (batchSize < 1 || gradientAccumulationSteps < 1) {
            throw new BadInputException("a batch of " + batchSize + " accumulated " + gradientAccumulationSteps
                    + " times; give 1 or more of each");
        }
        if (maxLength <= config.numImageTokens()) {
            throw new BadInputException("a length of " + maxLength + " has no room for text: an image becomes "
                    + config.numImageTokens() + " vectors; give " + (config.numImageTokens() + 1) + " or more");
        }
    }

    /** A run without LoRA that keeps its activations. */
    public PlannedRun(
            LlavaConfig config,
            Predicate<String> learns,
            TowerPlacement tower,
            WeightDtype frozenType,
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
        int text = maxLength - config.numImageTokens();
        return (long) batchSize * (targetTokens == 0 ? text : Math.min(targetTokens, text));
    }

    /** The same run with another batch. */
    public PlannedRun withBatchSize(int rows) {
        return new PlannedRun(
                config,
                lora,
                trainable,
                tower,
                frozenDtype,
                rows,
                maxLength,
                targetTokens,
                gradientAccumulationSteps,
                gradientCheckpointing,
                padToMultipleOf,
                featureBytes,
                heapBytes);
    }

    /** The same run with another longest sequence. */
    public PlannedRun withMaxLength(int positions) {
        return new PlannedRun(
                config,
                lora,
                trainable,
                tower,
                frozenDtype,
                batchSize,
                positions,
                targetTokens,
                gradientAccumulationSteps,
                gradientCheckpointing,
                padToMultipleOf,
                featureBytes,
                heapBytes);
    }

    /** The same run with another type of frozen matrices. */
    public PlannedRun withFrozenDtype(WeightDtype type) {
        return new PlannedRun(
                config,
                lora,
                trainable,
                tower,
                type,
                batchSize,
                maxLength,
                targetTokens,
                gradientAccumulationSteps,
                gradientCheckpointing,
                padToMultipleOf,
                featureBytes,
                heapBytes);
    }

    /** The same run with activations kept or made again. */
    public PlannedRun withGradientCheckpointing(boolean again) {
        return new PlannedRun(
                config,
                lora,
                trainable,
                tower,
                frozenDtype,
                batchSize,
                maxLength,
                targetTokens,
                gradientAccumulationSteps,
                again,
                padToMultipleOf,
                featureBytes,
                heapBytes);
    }
}
