package org.llava4j.data.batch;

import java.io.Serializable;
import org.llava4j.data.BadInputException;

/**
 * Position of a run in its dataset. Together with the seed it is the whole data-loader state that a run needs to
 * resume.
 *
 * @param epoch pass over the dataset, from 0
 * @param window bucketing window in the epoch, from 0
 * @param batch number of batches of that window that were returned
 * @param bad number of samples of this epoch that were skipped before that window
 */
public record BatchCursor(long epoch, int window, int batch, int bad) implements Serializable {
    /** Start of the first epoch. */
    public static final BatchCursor START = new BatchCursor(0, 0, 0, 0);

    /**
     * Checks the position.
     *
     * @throws BadInputException if a part of it is negative
     */
    public BatchCursor {
        if (epoch < 0 || window < 0 || batch < 0 || bad < 0) {
            throw new BadInputException("the position in the data, epoch " + epoch + ", window " + window + ", batch "
                    + batch + ", " + bad + " skipped, is negative");
        }
    }
}
