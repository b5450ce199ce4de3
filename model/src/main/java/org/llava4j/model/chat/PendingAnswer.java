package org.llava4j.model.chat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.llava4j.model.generate.Generation;

/** Handle of an answer that is being generated. Any thread may wait for it or cancel it. */
public final class PendingAnswer {
    private final Generation generation;
    private final CompletableFuture<Answer> answer;

    /** @param text receives the generated tokens */
    public PendingAnswer(Generation generation, AnswerStreamer text) {
        this.generation = generation;
        answer = generation
                .done()
                .thenApply(finish -> new Answer(
                        text.finish(),
                        finish,
                        generation.promptLength(),
                        generation.cachedTokens(),
                        generation.newTokenIds().length,
                        List.copyOf(generation.logprobs())));
    }

    /** The token sequence of this answer. */
    public Generation generation() {
        return generation;
    }

    /** Requests cancellation: the answer completes before the next token, with the text generated so far. */
    public void cancel() {
        generation.cancel();
    }

    /**
     * The complete answer. The future completes after all text has been emitted, exceptionally if generation failed.
     * Dependent stages that are not asynchronous run on the model's thread.
     */
    public CompletableFuture<Answer> answer() {
        return answer;
    }
}
