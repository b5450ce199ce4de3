package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * Rate limits and budgets of an endpoint; 0 is no limit.
 *
 * @param concurrency maximum number of concurrent requests, 1 or more
 * @param requestsPerMinute rate limit of requests
 * @param tokensPerMinute rate limit of estimated tokens, prompt and completion together
 * @param maxRequests budget of requests, including those of earlier runs in the journal
 * @param maxTokens budget of tokens, likewise
 */
record RequestLimits(int concurrency, long requestsPerMinute, long tokensPerMinute, long maxRequests, long maxTokens) {
    /** One request at a time, without other limits. */
    static final RequestLimits NONE = new RequestLimits(1, 0, 0, 0, 0);

    public RequestLimits {
        if (concurrency < 1) {
            throw new BadInputException("concurrency is " + concurrency + "; give 1 or more");
        }
        if (requestsPerMinute < 0 || tokensPerMinute < 0 || maxRequests < 0 || maxTokens < 0) {
            throw new BadInputException("a limit is negative; give 1 or more, or 0 for no limit");
        }
    }
}
