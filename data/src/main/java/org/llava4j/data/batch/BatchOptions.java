package org.llava4j.data.batch;

import org.llava4j.data.BadInputException;

/**
 * Batching options of a dataset.
 *
 * @param batchSize rows of a batch; the last batch of an epoch may have fewer
 * @param bucketingWindowBatches length of the bucketing window in batches: the samples of a window are sorted by
 *     length, so that the rows of a batch need little padding (length-grouped batching); 1 keeps the shuffled order
 * @param seed seed of all orders
 * @param maxBadSamples invalid samples (no target tokens, malformed, image missing or corrupt) that are skipped and
 *     reported per epoch; one more ends the run
 * @param collator layout of the rows
 */
public record BatchOptions(
        int batchSize, int bucketingWindowBatches, long seed, int maxBadSamples, CollatorOptions collator) {
    public BatchOptions {
        if (batchSize < 1 || bucketingWindowBatches < 1 || maxBadSamples < 0) {
            throw new BadInputException("batch size " + batchSize + " and window " + bucketingWindowBatches
                    + " must be positive, and the bad samples allowed " + maxBadSamples + " not negative");
        }
    }
}
