package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * Budget of requests and tokens. A request reserves the maximum that it can take before it is sent, so that concurrent
 * requests never overshoot together, and returns what it did not use. Thread-safe.
 */
final class Budget {
    private final long maxRequests;
    private final long maxTokens;
    private long requests;
    private long spentTokens;
    private long reservedTokens;
    private boolean closed;

    /**
     * Creates a budget.
     *
     * @param maxRequests 0 for no limit
     * @param maxTokens 0 for no limit
     * @param requests requests of earlier runs
     * @param spentTokens tokens of earlier runs
     */
    Budget(long maxRequests, long maxTokens, long requests, long spentTokens) {
        if (maxRequests < 0 || maxTokens < 0) {
            throw new BadInputException("the budget is negative; give 1 or more, or 0 for no limit");
        }
        this.maxRequests = maxRequests == 0 ? Long.MAX_VALUE : maxRequests;
        this.maxTokens = maxTokens == 0 ? Long.MAX_VALUE : maxTokens;
        this.requests = requests;
        this.spentTokens = spentTokens;
    }

    /**
     * Reserves one request of at most {@code tokens}. Blocks while requests in flight may return enough for it.
     *
     * @return whether the budget suffices
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

    /** Releases the reservation of a request that is not sent. */
    synchronized void release(long tokens) {
        requests--;
        reservedTokens -= tokens;
        notifyAll();
    }

    /** Ends a reservation of {@code tokens}, of which {@code spent} were used. */
    synchronized void settle(long tokens, long spent) {
        reservedTokens -= tokens;
        spentTokens += spent;
        notifyAll();
    }

    /** Refuses all further reservations, including blocked ones. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** Returns why a reservation was refused, for a message. */
    synchronized String exhaustedReason() {
        return requests >= maxRequests
                ? "all " + maxRequests + " requests of the budget are used"
                : spentTokens + " of the budget of " + maxTokens
                        + " tokens are used, and the next request may take more than the rest";
    }
}
