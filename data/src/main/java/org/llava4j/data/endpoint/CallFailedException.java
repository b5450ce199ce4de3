package org.llava4j.data.endpoint;

import java.time.Duration;
import java.util.Optional;

/** A call without an answer. */
public final class CallFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is to be done about it. */
    public enum Remedy {
        /** Ask again later: the endpoint is busy, the connection broke, the answer was damaged. */
        AGAIN,
        /** This one will never be answered, others may be. */
        NEVER,
        /** Nothing will be answered: the key or the model is wrong, the account is empty. */
        STOP
    }

    private final Remedy remedy;
    private final boolean mayBeCharged;
    private final transient Optional<Duration> retryAfter;

    /**
     * @param reason in a few words, without the key
     * @param mayBeCharged whether the endpoint may have worked on it, and counted the tokens
     * @param retryAfter how long the endpoint wants to be left alone
     */
    public CallFailedException(String reason, Remedy remedy, boolean mayBeCharged, Optional<Duration> retryAfter) {
        super(reason);
        this.remedy = remedy;
        this.mayBeCharged = mayBeCharged;
        this.retryAfter = retryAfter;
    }

    public Remedy remedy() {
        return remedy;
    }

    public boolean mayBeCharged() {
        return mayBeCharged;
    }

    public Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
