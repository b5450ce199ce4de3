package org.llava4j.data.synthetic;

import org.llava4j.data.BadInputException;

/**
 * Size of a synthetic dataset. The same configuration gives the same files.
 *
 * @param seed random seed of everything
 * @param trainPerType training problems of each type
 * @param valPerType validation problems of each type
 * @param testPerType test problems of each type
 * @param captions captioned images for stage 1, over all types
 * @param labels whether captions are bare labels ({@link Scene#label}) instead of sentences
 */
public record SyntheticDatasetConfig(
        long seed, int trainPerType, int valPerType, int testPerType, int captions, boolean labels) {

    public SyntheticDatasetConfig {
        if (trainPerType < 0 || valPerType < 0 || testPerType < 0 || captions < 0) {
            throw new BadInputException("synthetic dataset " + trainPerType + "/" + valPerType + "/" + testPerType
                    + " problems, " + captions + " captions: a count is negative; give counts from 0 up");
        }
    }

    /** Returns a configuration of labeled images only, as the vision tower is trained on. */
    public static SyntheticDatasetConfig labelled(long seed, int images) {
        return new SyntheticDatasetConfig(seed, 0, 0, 0, images, true);
    }
}
