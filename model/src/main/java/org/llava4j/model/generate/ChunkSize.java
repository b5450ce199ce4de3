package org.llava4j.model.generate;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Size of the prefill chunks between decode steps. A running sequence gets a token after each chunk and decode step, so
 * their time together is its pause. The size that keeps the pause below its limit follows from the time of the last
 * chunk and of the last decode step.
 */
final class ChunkSize {
    /** Size of the first chunk, and of all if the limit is too short even for these. */
    static final int MIN_TOKENS = 16;

    /** Part of the limit that is planned for, since times vary. */
    private static final double PLANNED = 0.8;

    /** Minimum time of the vision tower in decode steps, so that it progresses if steps take all of the time. */
    private static final double MIN_STEPS = 0.5;

    /** Sizes grow at most by this factor, because the time of a larger chunk is not known. */
    private static final int GROWTH = 2;

    private static final long UNLIMITED = Long.MAX_VALUE;

    private volatile long maxPauseNanos = UNLIMITED;
    private int lastTokens;
    private double nanosPerToken;
    private long stepNanos;

    /**
     * @param maxPause limit of a running sequence's pause; null for none
     * @throws BadInputException if it is zero or negative
     */
    void setMaxPause(@Nullable Duration maxPause) {
        if (maxPause == null || maxPause.compareTo(Duration.ofNanos(UNLIMITED)) >= 0) {
            maxPauseNanos = UNLIMITED;
            return;
        }
        if (maxPause.isZero() || maxPause.isNegative()) {
            throw new BadInputException(
                    "the maximum pause is " + maxPause + "; give more than 0, or null for no limit");
        }
        maxPauseNanos = maxPause.toNanos();
    }

    /** Whether pauses have a limit. */
    boolean isLimited() {
        return maxPauseNanos != UNLIMITED;
    }

    /** Maximum number of tokens of the next chunk. */
    int tokens() {
        if (!isLimited()) {
            return Integer.MAX_VALUE;
        }
        if (lastTokens == 0) {
            return MIN_TOKENS;
        }
        double inTime = planned() / nanosPerToken;
        return (int) Math.max(MIN_TOKENS, Math.min(inTime, (double) GROWTH * lastTokens));
    }

    /** Maximum time of the vision tower until the next decode step, in nanoseconds. */
    long visionNanos() {
        return isLimited() ? (long) Math.max(planned(), MIN_STEPS * stepNanos) : Long.MAX_VALUE;
    }

    private double planned() {
        return PLANNED * maxPauseNanos - stepNanos;
    }

    /** Records a chunk's time. The last chunk of a prompt may be too short to predict others. */
    void chunkTook(int tokens, long nanos) {
        if (tokens >= MIN_TOKENS) {
            lastTokens = tokens;
            nanosPerToken = Math.max(1, nanos) / (double) tokens;
        }
    }

    /** Records the time of a decode step. */
    void stepTook(long nanos) {
        stepNanos = nanos;
    }
}
