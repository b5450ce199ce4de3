package org.llava4j.train.checkpoint;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;

/**
 * Trainer state in a checkpoint: everything but the tensors, as {@code state.json}. All randomness of a run (data
 * order, initial weights, dropout) is a function of seed and position, so it holds no generator state.
 *
 * @param identity everything that the result of the run depends on; null in checkpoints of older versions
 * @param environment what only rounding depends on: version, kernels, threads
 * @param startedFrom checkpoints of other runs from which the run was started, the first one first
 * @param weightsBefore hash of each group of weights before the first step
 * @param cursor position of the next batch in the data
 * @param totals counters so far
 * @param badSamples samples skipped so far
 * @param validationLoss validation loss at this step; null if not evaluated
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties({"stage", "data", "dataWeights"})
public record TrainerState(
        @Nullable Fingerprint identity,
        @Nullable Fingerprint environment,
        @Nullable List<ParentCheckpoint> startedFrom,
        SortedMap<String, String> weightsBefore,
        BatchCursor cursor,
        TrainingTotals totals,
        List<BadSample> badSamples,
        @JsonAlias("validation") @Nullable Double validationLoss) {

    /**
     * Checks what a resume counts from.
     *
     * @throws BadInputException if a value is missing
     */
    public TrainerState {
        if (totals == null || cursor == null || weightsBefore == null || badSamples == null) {
            throw new BadInputException("has no totals, data cursor, weight hashes or bad samples");
        }
        if (hasNull(badSamples) || startedFrom != null && hasNull(startedFrom)) {
            throw new BadInputException("has a null in place of a bad sample or a checkpoint");
        }
    }

    private static boolean hasNull(List<?> values) {
        return values.stream().anyMatch(Objects::isNull);
    }

    /** Number of steps so far. */
    public int step() {
        return totals.steps();
    }
}
