package org.llava4j.data.llm;

import java.time.Duration;
import java.util.Optional;

/** A call without an answer. */
public final class RequestFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is to be done about it. */
    public enum FailureAction {
        /** Ask again later: the endpoint is busy, the connection broke, the answer was damaged. */
        RETRY,
        /** This one will never be answered, others may be. */
        REJECT,
        /** Nothing will be answered: the key or the model is wrong, the account is empty. */
        ABORT
    }

    private final FailureAction action;
    private final boolean mayBeCharged;
    private final transient Optional<Duration> retryAfter;

    /**
     * @param reason in a few words, without the key
     * @param mayBeCharged whether the endpoint may have worked on it, and counted the tokens
     * @param retryAfter how long the endpoint wants to be left alone
     */
    public RequestFailedException(
            String reason, FailureAction remedy, boolean mayBeCharged, Optional<Duration> retryAfter) {
        super(reason);
        this.action = remedy;
        this.mayBeCharged = mayBeCharged;
        this.retryAfter = retryAfter;
    }

    public FailureAction action() {
        return action;
    }

    public boolean mayBeCharged() {
        return mayBeCharged;
    }

    public Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
