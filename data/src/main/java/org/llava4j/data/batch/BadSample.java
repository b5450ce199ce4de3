package org.llava4j.data.batch;

import java.util.Comparator;
import org.llava4j.data.BadInputException;

/**
 * Invalid sample that a run skips. Samples are ordered and identified by their index; {@code where} only identifies the
 * entries of checkpoints that were written without indices.
 *
 * @param number index of the sample in the run's dataset, from 0
 * @param where file, line, index in the file and id of the sample
 * @param reason why it is invalid
 */
public record BadSample(int number, String where, String reason) implements Comparable<BadSample> {
    private static final Comparator<BadSample> ORDER =
            Comparator.comparingInt(BadSample::number).thenComparing(BadSample::where);

    /**
     * Checks an entry of a checkpoint.
     *
     * @throws BadInputException if a text is missing
     */
    public BadSample {
        if (where == null || reason == null) {
            throw new BadInputException("a bad sample lacks \"where\" or \"reason\"");
        }
    }

    /** Returns 0 for the same sample whatever the reason; {@link #equals} also compares the reason. */
    @Override
    public int compareTo(BadSample other) {
        return ORDER.compare(this, other);
    }
}
