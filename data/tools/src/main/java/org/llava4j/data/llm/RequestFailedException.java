package org.llava4j.data.llm;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Thrown for a request without an answer. */
final class RequestFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Reaction to the failure. */
    enum FailureAction {
        /** Retry later: the endpoint is busy, the connection broke or the answer was damaged. */
        RETRY,
        /** Do not retry this request; others may succeed. */
        REJECT,
        /** Stop the run: the key or the model is wrong, or the account is empty. */
        ABORT
    }

    private final String reason;
    private final FailureAction action;
    private final boolean mayBeCharged;
    private final transient @Nullable Duration retryAfter;

    /**
     * Creates an exception.
     *
     * @param reason short description, without the key
     * @param action reaction to the failure
     * @param mayBeCharged whether the endpoint may have processed the request and charged its tokens
     * @param retryAfter wait that the endpoint requests, or null if it requests none
     */
    RequestFailedException(String reason, FailureAction action, boolean mayBeCharged, @Nullable Duration retryAfter) {
        this.reason = reason;
        this.action = action;
        this.mayBeCharged = mayBeCharged;
        this.retryAfter = retryAfter;
    }

    /** Returns the reason, which is never null. */
    @Override
    public String getMessage() {
        return reason;
    }

    /** Returns the reaction to the failure. */
    FailureAction action() {
        return action;
    }

    /** Tests whether the endpoint may have charged the tokens of the request. */
    boolean mayBeCharged() {
        return mayBeCharged;
    }

    /** Returns the wait that the endpoint requests, or null if it requests none. */
    @Nullable
    Duration retryAfter() {
        return retryAfter;
    }
}
