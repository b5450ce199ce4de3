package org.llava4j.model.chat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.llava4j.model.folder.MappedFiles;
import org.llava4j.model.generate.Generation;
import org.llava4j.model.generate.TokenLogprobs;

/** Answer of a sequence that the model's scheduler generates. */
final class ScheduledAnswer implements PendingAnswer {
    private final Generation generation;
    private final CompletableFuture<Answer> answer;

    /**
     * @param text receives the generated tokens
     * @param mapped weights that the answer depends on, checked when it is complete
     */
    ScheduledAnswer(Generation generation, AnswerStreamer text, MappedFiles mapped) {
        this.generation = generation;
        answer = generation.done().thenApply(finish -> {
            mapped.requireNotRewritten();
            return new Answer(
                    text.finish(),
                    finish,
                    generation.promptLength(),
                    generation.cachedTokens(),
                    generation.newTokenIds().length,
                    List.copyOf(generation.logprobs()));
        });
    }

    /** The token sequence of this answer. */
    Generation generation() {
        return generation;
    }

    @Override
    public void cancel() {
        generation.cancel();
    }

    @Override
    public CompletableFuture<Answer> answer() {
        return answer;
    }

    @Override
    public List<TokenLogprobs> logprobs() {
        return generation.logprobs();
    }
}
