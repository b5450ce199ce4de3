package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * What calls may take of an endpoint; 0 is no limit.
 *
 * @param concurrency calls at the same time, 1 or more
 * @param requestsPerMinute requests sent in a minute
 * @param tokensPerMinute tokens sent and asked for in a minute, as estimated
 * @param maxRequests requests in all, those of earlier runs in the journal among them
 * @param maxTokens tokens in all, likewise
 */
public record RequestLimits(
        int concurrency, long requestsPerMinute, long tokensPerMinute, long maxRequests, long maxTokens) {
    public static final RequestLimits NONE = new RequestLimits(1, 0, 0, 0, 0);

    public RequestLimits {
        if (concurrency < 1) {
            throw new BadInputException("concurrency is " + concurrency + "; give 1 or more");
        }
        if (requestsPerMinute < 0 || tokensPerMinute < 0 || maxRequests < 0 || maxTokens < 0) {
            throw new BadInputException("a limit is negative; give 1 or more, or 0 for none");
        }
    }
}
