package org.llava4j.train.plan;

import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.plan.MetaWeights.Weight;

/**
 * Settings of a training run whose memory is to be estimated, with one image per sample.
 *
 * @param config the model
 * @param lora LoRA adapters of the decoder; null for none
 * @param trainable names of trainable weights; never those of the tower
 * @param tower where the vision tower runs
 * @param frozenDtype storage type of frozen matrices
 * @param batchSize B, sequences per forward pass
 * @param maxLength T, of the longest sequence including image tokens
 * @param targetTokens per sequence; 0 for all text tokens, which is the maximum
 * @param gradientAccumulationSteps forward passes per optimizer step
 * @param gradientCheckpointing whether decoder layers recompute their activations in the backward pass
 * @param padToMultipleOf batches of other lengths occur too, in multiples of this; 0 if every batch has length T
 * @param featureBytes limit of the in-memory feature cache
 * @param heapBytes part of the Java heap that becomes resident, see {@link JvmMemory#heapBytes()}
 * @param storedBytes size of the weights in their files by name; only read for {@link WeightDtype#STORED}
 */
public record PlannedRun(
        LlavaConfig config,
        @Nullable LoraConfig lora,
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
        long heapBytes,
        Map<String, Long> storedBytes) {

    /** Where the vision tower of a run is. */
    public enum TowerPlacement {
        /** In the graph: batches contain pixels. */
        IN_GRAPH,
        /** Outside of the graph, which reads its features, as in a training stage. */
        SEPARATE,
        /** Absent: features are precomputed. */
        NONE
    }

    /**
     * Checks that the run has at least one sequence, one forward pass and room for text.
     *
     * @throws BadInputException otherwise
     */
    public PlannedRun {
        if (batchSize < 1 || gradientAccumulationSteps < 1) {
            throw new BadInputException("batch size " + batchSize + " and gradient accumulation steps "
                    + gradientAccumulationSteps + " must be at least 1");
        }
        if (maxLength <= config.numImageTokens()) {
            throw new BadInputException("length " + maxLength + " has no room for text: an image takes "
                    + config.numImageTokens() + " tokens; give " + (config.numImageTokens() + 1) + " or more");
        }
    }

    /** Size of a frozen matrix. */
    long frozenBytes(Weight weight) {
        if (frozenDtype == WeightDtype.STORED) {
            return storedBytes.getOrDefault(weight.name(), weight.length() * Float.BYTES);
        }
        boolean ofTower = weight.name().startsWith(Llava.TOWER_PREFIX);
        return (ofTower ? frozenDtype.ofTower() : frozenDtype)
                .bytes(
                        weight.name(),
                        weight.shape().stream().mapToLong(Long::longValue).toArray());
    }

    /** Whether a weight is trainable; the weights of the tower never are. */
    boolean isTrainable(String weight) {
        return !weight.startsWith(Llava.TOWER_PREFIX) && trainable.test(weight);
    }

    /** M, the target tokens of a batch: the only rows that reach the LM head. */
    long targetRows() {
        int text = maxLength - config.numImageTokens();
        return (long) batchSize * (targetTokens == 0 ? text : Math.min(targetTokens, text));
    }

    /** The same run with another batch size. */
    PlannedRun withBatchSize(int size) {
        return with(frozenDtype, size, maxLength, gradientCheckpointing);
    }

    /** The same run with another maximum length. */
    PlannedRun withMaxLength(int length) {
        return with(frozenDtype, batchSize, length, gradientCheckpointing);
    }

    /** The same run with another dtype of frozen matrices. */
    PlannedRun withFrozenDtype(WeightDtype dtype) {
        return with(dtype, batchSize, maxLength, gradientCheckpointing);
    }

    /** The same run with or without gradient checkpointing. */
    public PlannedRun withGradientCheckpointing(boolean enabled) {
        return with(frozenDtype, batchSize, maxLength, enabled);
    }

    private PlannedRun with(WeightDtype dtype, int size, int length, boolean checkpointing) {
        return new PlannedRun(
                config,
                lora,
                trainable,
                tower,
                dtype,
                size,
                length,
                targetTokens,
                gradientAccumulationSteps,
                checkpointing,
                padToMultipleOf,
                featureBytes,
                heapBytes,
                storedBytes);
    }
}
