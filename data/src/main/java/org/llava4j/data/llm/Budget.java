package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * What may be spent, in requests and in tokens. A call sets aside the most it can take before it is sent, so that calls
 * at the same time never overshoot together, and gives back what it did not take.
 */
final class Budget {
    private final long maxRequests;
    private final long maxTokens;
    private long requests;
    private long spentTokens;
    private long reservedTokens;
    private boolean closed;

    /**
     * @param maxRequests 0 for no limit; {@code maxTokens} likewise
     * @param requests that were made before
     * @param spentTokens that were spent before
     */
    Budget(long maxRequests, long maxTokens, long requests, long spentTokens) {
        if (maxRequests < 0 || maxTokens < 0) {
            throw new BadInputException("a budget is negative; give 1 or more, or 0 for none");
        }
        this.maxRequests = maxRequests == 0 ? Long.MAX_VALUE : maxRequests;
        this.maxTokens = maxTokens == 0 ? Long.MAX_VALUE : maxTokens;
        this.requests = requests;
        this.spentTokens = spentTokens;
    }

    /**
     * Sets aside one request of at most {@code tokens}; waits while calls in flight may give back enough for it.
     *
     * @return whether there is enough left
     */
    synchronized boolean reserve(long tokens) throws InterruptedException {
        while (!closed && requests < maxRequests && maxTokens - spentTokens - reservedTokens < tokens) {
            if (reservedTokens == 0) {
                return false;
            }
            wait();
        }
        if (closed || requests >= maxRequests) {
            return false;
        }
        requests++;
        reservedTokens += tokens;
        return true;
    }

    /** Returns what was set aside for a request that is not sent after all. */
    synchronized void release(long tokens) {
        requests--;
        reservedTokens -= tokens;
        notifyAll();
    }

    /** The call that set aside {@code tokens} has ended and taken {@code spent} of them. */
    synchronized void settle(long tokens, long spent) {
        reservedTokens -= tokens;
        spentTokens += spent;
        notifyAll();
    }

    /** Nothing more is taken; whoever waits is told so. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** What was used up, for a message. */
    synchronized String exhaustedReason() {
        return requests >= maxRequests
                ? "all " + maxRequests + " requests of the budget are used"
                : spentTokens + " of the budget's " + maxTokens
                        + " tokens are used, and the next request may take more than the rest";
    }
}
