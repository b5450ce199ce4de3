package org.llava4j.data.batch;

import java.util.Comparator;

/**
 * Invalid sample that a run skips. Samples are ordered and told apart by their number; places serve only to tell apart
 * the entries of checkpoints that were written without numbers.
 *
 * @param number index of the sample in the run's data, from 0
 * @param where its file, line, index in the file and id
 * @param reason what is wrong with it
 */
public record BadSample(int number, String where, String reason) implements Comparable<BadSample> {
    private static final Comparator<BadSample> ORDER =
            Comparator.comparingInt(BadSample::number).thenComparing(BadSample::where);

    /** Equal for the same sample, whatever the reason; {@link #equals} compares the reason as well. */
    @Override
    public int compareTo(BadSample other) {
        return ORDER.compare(this, other);
    }
}
