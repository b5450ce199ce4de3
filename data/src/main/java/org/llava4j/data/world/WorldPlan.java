package org.llava4j.data.world;

import org.llava4j.data.BadInputException;

/**
 * How much to draw. The same plan gives the same files.
 *
 * @param seed of everything drawn
 * @param trainPerKind problems of each kind to learn from
 * @param valPerKind problems of each kind to watch training with
 * @param testPerKind problems of each kind held out
 * @param captions pictures with a caption for stage 1, over all kinds
 * @param labels whether captions are bare labels ({@link Scene#label}) instead of sentences
 */
public record WorldPlan(long seed, int trainPerKind, int valPerKind, int testPerKind, int captions, boolean labels) {

    public WorldPlan {
        if (trainPerKind < 0 || valPerKind < 0 || testPerKind < 0 || captions < 0) {
            throw new BadInputException("world plan " + trainPerKind + "/" + valPerKind + "/" + testPerKind
                    + " problems, " + captions + " captions: a count is negative; give counts from 0 up");
        }
    }

    /** Only pictures, each with a label of a few words instead of a sentence, as the tower learns from. */
    public static WorldPlan labelled(long seed, int pictures) {
        return new WorldPlan(seed, 0, 0, 0, pictures, true);
    }
}
