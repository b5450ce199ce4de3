package org.llava4j.train.checkpoint;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.SortedMap;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;

/**
 * State of a run at a checkpoint, except for its arrays. Everything random in a run (order of the data, fresh weights,
 * dropout) is a function of seed and position, so no generator state is kept.
 *
 * @param identity everything that the run's result depends on; null in checkpoints of older versions, which recorded
 *     less
 * @param environment what the last bits of its result depend on besides: version, kernels, threads
 * @param startedFrom the checkpoints of other runs that it was started from, the first one first
 * @param weightsBefore hash of each group of weights before the first step
 * @param cursor where the next batch lies
 * @param totals what has been seen
 * @param badSamples what has been passed over
 * @param validation loss on held-out data at this step; null if it was not taken
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties({"stage", "data", "dataWeights"})
public record TrainerState(
        Fingerprint identity,
        Fingerprint environment,
        List<ParentCheckpoint> startedFrom,
        SortedMap<String, String> weightsBefore,
        BatchCursor cursor,
        TrainingTotals totals,
        List<BadSample> badSamples,
        Double validation) {

    /** Steps that are done. */
    public int step() {
        return totals.steps();
    }
}
