package org.llava4j.data.synthetic;

import org.llava4j.data.BadInputException;

/**
 * How much to draw. The same plan gives the same files.
 *
 * @param seed of everything drawn
 * @param trainPerType problems of each kind to learn from
 * @param valPerType problems of each kind to watch training with
 * @param testPerType problems of each kind held out
 * @param captions pictures with a caption for stage 1, over all kinds
 * @param labels whether captions are bare labels ({@link Scene#label}) instead of sentences
 */
public record SyntheticDatasetConfig(
        long seed, int trainPerType, int valPerType, int testPerType, int captions, boolean labels) {

    public SyntheticDatasetConfig {
        if (trainPerType < 0 || valPerType < 0 || testPerType < 0 || captions < 0) {
            throw new BadInputException("world plan " + trainPerType + "/" + valPerType + "/" + testPerType
                    + " problems, " + captions + " captions: a count is negative; give counts from 0 up");
        }
    }

    /** Only pictures, each with a label of a few words instead of a sentence, as the tower learns from. */
    public static SyntheticDatasetConfig labelled(long seed, int pictures) {
        return new SyntheticDatasetConfig(seed, 0, 0, 0, pictures, true);
    }
}
