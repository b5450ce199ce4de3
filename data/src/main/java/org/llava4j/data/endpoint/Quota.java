package org.llava4j.data.endpoint;

import java.util.Collection;

/**
 * What the calls of one command may use together, whichever journal each is written to: concurrency, one rate limiter and
 * one budget.
 */
public final class Quota {
    private final int concurrency;
    private final Budget budget;
    private final Pacer pacer;

    private Quota(int concurrency, Budget budget, Pacer pacer) {
        this.concurrency = concurrency;
        this.budget = budget;
        this.pacer = pacer;
    }

    /** A quota that counts the requests and tokens of earlier runs in all of these journals. */
    public static Quota of(Limits limits, Collection<CallJournal> journals, Time time) {
        return new Quota(
                limits.concurrency(),
                new Budget(
                        limits.maxRequests(),
                        limits.maxTokens(),
                        journals.stream().mapToLong(CallJournal::requests).sum(),
                        journals.stream().mapToLong(CallJournal::tokens).sum()),
                new Pacer(limits.requestsPerMinute(), limits.tokensPerMinute(), time));
    }

    int concurrency() {
        return concurrency;
    }

    Budget budget() {
        return budget;
    }

    Pacer pacer() {
        return pacer;
    }
}
