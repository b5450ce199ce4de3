package org.llava4j.model.chat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.llava4j.model.generate.TokenLogprobs;

/** Handle of an answer that is being generated. Any thread may wait for it or cancel it. */
public interface PendingAnswer {
    /** Requests cancellation: the answer completes before the next token, with the text generated so far. */
    void cancel();

    /**
     * The complete answer. The future completes after all text has been emitted, exceptionally if generation failed.
     * Dependent stages that are not asynchronous run on the model's thread.
     */
    CompletableFuture<Answer> answer();

    /**
     * Log-probabilities of the tokens generated so far, without the end token; empty if none were asked for. Any thread
     * may read the list while it grows.
     */
    List<TokenLogprobs> logprobs();
}
