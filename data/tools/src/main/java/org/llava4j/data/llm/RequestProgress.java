package org.llava4j.data.llm;

/**
 * Progress of a run of requests.
 *
 * @param total number of different requests
 * @param settled settled ones, of this run and earlier ones
 * @param answered answers received in this run
 * @param failures failed attempts of this run
 * @param tokens spent in this run
 * @param elapsedMs since the run started
 */
record RequestProgress(long total, long settled, long answered, long failures, long tokens, long elapsedMs) {
    /** Estimates the remaining time at this run's rate; -1 while it is unknown. */
    long remainingMs() {
        return answered == 0 ? -1 : (total - settled) * elapsedMs / answered;
    }
}
