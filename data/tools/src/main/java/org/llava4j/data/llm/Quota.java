package org.llava4j.data.llm;

import java.util.Collection;

/**
 * Shared limits of all requests of a command, whatever journal they use: concurrency, one rate limiter and one budget.
 */
record Quota(int concurrency, Budget budget, RateLimiter rateLimiter) {
    /** Creates a quota whose budget includes the requests and tokens of earlier runs in these journals. */
    static Quota of(RequestLimits limits, Collection<RequestJournal> journals, MonotonicClock clock) {
        return new Quota(
                limits.concurrency(),
                new Budget(
                        limits.maxRequests(),
                        limits.maxTokens(),
                        journals.stream().mapToLong(RequestJournal::requests).sum(),
                        journals.stream().mapToLong(RequestJournal::tokens).sum()),
                new RateLimiter(limits.requestsPerMinute(), limits.tokensPerMinute(), clock));
    }
}
