package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.TokenLogprobs;

/** Log-probabilities that are read while the model adds others. */
class RunningAnswerTest {
    private static final int TOKENS = 20_000;

    /** An answer whose tokens a test adds. */
    private record Growing(List<TokenLogprobs> logprobs) implements PendingAnswer {
        @Override
        public void cancel() {}

        @Override
        public CompletableFuture<Answer> answer() {
            return new CompletableFuture<>();
        }
    }

    @Test
    void eachLogprobIsReadOnceWhileTheListGrows() {
        List<TokenLogprobs> all = new CopyOnWriteArrayList<>();
        RunningAnswer answer = new RunningAnswer(0, new Growing(all));
        CompletableFuture<Void> model = CompletableFuture.runAsync(() -> {
            for (int id = 0; id < TOKENS; id++) {
                all.add(new TokenLogprobs(id, -1, List.of()));
            }
        });
        List<Integer> read = new ArrayList<>();
        while (read.size() < TOKENS) {
            answer.nextLogprobs().forEach(token -> read.add(token.id()));
        }
        model.join();
        assertThat(read).hasSize(TOKENS).isSorted().doesNotHaveDuplicates();
    }
}
