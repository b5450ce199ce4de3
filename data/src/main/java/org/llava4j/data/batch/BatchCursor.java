package org.llava4j.data.batch;

import java.io.Serializable;

/**
 * Where a run stands in its data: with the seed this is all that an interrupted run needs to go on as if nothing had
 * happened.
 *
 * @param epoch which pass over the data, from 0
 * @param window which window of it
 * @param batch how many batches of that window have been handed out
 * @param bad how many samples of this epoch have been passed over before that window
 */
public record BatchCursor(long epoch, int window, int batch, int bad) implements Serializable {
    /** The start of all. */
    public static final BatchCursor START = new BatchCursor(0, 0, 0, 0);
}
