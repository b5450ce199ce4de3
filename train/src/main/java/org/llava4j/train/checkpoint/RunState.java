package org.llava4j.train.checkpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.SortedMap;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;

/**
 * Where a run stands, but for its arrays. All that is random in a run (order of the data, fresh weights, dropout) is a
 * function of seed and place, so that there is no state of generators to keep.
 *
 * @param stage the stage's values, as its JSON has them
 * @param data SHA-256 of the data that it learns from
 * @param dataWeights of the sources of this data; none where each sample comes once an epoch
 * @param weightsBefore hash of each group of weights before the first step
 * @param cursor where the next batch lies
 * @param totals what has been seen
 * @param badSamples what has been passed over
 * @param validation loss on held-out data at this step; null if it was not taken
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunState(
        JsonNode stage,
        String data,
        List<Double> dataWeights,
        SortedMap<String, String> weightsBefore,
        BatchCursor cursor,
        RunTotals totals,
        List<BadSample> badSamples,
        Double validation) {

    /** Steps that are done. */
    public int step() {
        return totals.steps();
    }
}
