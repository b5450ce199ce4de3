package org.llava4j.data.llm;

/**
 * How calls stand.
 *
 * @param total calls in all, the same question counted once
 * @param settled of them, in this run and before
 * @param answered answers that came in this run
 * @param failures of this run, each try counted
 * @param tokens spent in this run
 * @param elapsedMs since the run began
 */
public record RequestProgress(long total, long settled, long answered, long failures, long tokens, long elapsedMs) {
    /** What is left takes so long at this run's rate; -1 while nobody can say. */
    public long remainingMs() {
        return answered == 0 ? -1 : (total - settled) * elapsedMs / answered;
    }
}
