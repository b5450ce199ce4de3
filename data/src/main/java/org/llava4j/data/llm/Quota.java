package org.llava4j.data.llm;

import java.util.Collection;

/**
 * What the calls of one command may use together, whichever journal each is written to: concurrency, one rate limiter and
 * one budget.
 */
public final class Quota {
    private final int concurrency;
    private final Budget budget;
    private final RateLimiter rateLimiter;

    private Quota(int concurrency, Budget budget, RateLimiter pacer) {
        this.concurrency = concurrency;
        this.budget = budget;
        this.rateLimiter = pacer;
    }

    /** A quota that counts the requests and tokens of earlier runs in all of these journals. */
    public static Quota of(RequestLimits limits, Collection<RequestJournal> journals, MonotonicClock time) {
        return new Quota(
                limits.concurrency(),
                new Budget(
                        limits.maxRequests(),
                        limits.maxTokens(),
                        journals.stream().mapToLong(RequestJournal::requests).sum(),
                        journals.stream().mapToLong(RequestJournal::tokens).sum()),
                new RateLimiter(limits.requestsPerMinute(), limits.tokensPerMinute(), time));
    }

    int concurrency() {
        return concurrency;
    }

    Budget budget() {
        return budget;
    }

    RateLimiter rateLimiter() {
        return rateLimiter;
    }
}
