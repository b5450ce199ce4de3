package org.llava4j.model.generate;

import java.util.concurrent.CompletableFuture;

/** An answer that is being given. Any thread may wait for it or stop it. */
public final class PendingAnswer {
    private final Generation generation;
    private final CompletableFuture<Answer> answer;

    /** @param text hears what is generated */
    public PendingAnswer(Generation generation, AnswerStreamer text) {
        this.generation = generation;
        answer = generation
                .done()
                .thenApply(finish ->
                        new Answer(text.finish(), finish, generation.promptLength(), generation.newTokenIds().length));
    }

    /** The tokens under it. */
    public Generation generation() {
        return generation;
    }

    /** Stops it soon, with what has been said. */
    public void cancel() {
        generation.cancel();
    }

    /**
     * The whole answer, when all of its text has been handed on; exceptionally where there is none. What depends on it
     * and is not asynchronous runs on the model's thread.
     */
    public CompletableFuture<Answer> answer() {
        return answer;
    }
}
