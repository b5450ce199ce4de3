package org.llava4j.data.batch;

import org.llava4j.data.BadInputException;

/**
 * How a data set is cut into batches.
 *
 * @param batchSize rows of a batch; the last of an epoch may have fewer
 * @param bucketingWindowBatches so many batches' worth of the shuffled samples are sorted by length before they are cut, so that
 *     rows of a batch are about as long as each other; 1 leaves the order as it is
 * @param seed of every order
 * @param maxBadSamples so many samples of an epoch that are no good (nothing to learn, broken, a picture missing or
 *     corrupt) are passed over and listed; one more ends the run
 * @param imageSizePx S
 * @param collator how rows are laid out
 */
public record BatchOptions(
        int batchSize,
        int bucketingWindowBatches,
        long seed,
        int maxBadSamples,
        int imageSizePx,
        CollatorOptions collator) {
    public BatchOptions {
        if (batchSize < 1 || bucketingWindowBatches < 1 || maxBadSamples < 0 || imageSizePx < 1) {
            throw new BadInputException(
                    "batch size " + batchSize + ", window " + bucketingWindowBatches + " and image size "
                            + imageSizePx + " must be positive, and the bad samples allowed " + maxBadSamples
                            + " not negative");
        }
    }
}
