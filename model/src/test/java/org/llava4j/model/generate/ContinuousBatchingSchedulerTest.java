package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.batch.CollatorOptions.PaddingSide;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;

/** Tokens do not depend on the KV cache, on batch composition or on arrival time. */
class ContinuousBatchingSchedulerTest {
    private static final int NO_EOS = -1;
    private static final int NEW_TOKENS = 20;
    private static final int MAX_LENGTH = 2048;

    private static Llava model(String name, WeightDtype type) {
        try (Checkpoint weights = Checkpoint.bare(Golden.path(name)).withWeightDtype(type, any -> false)) {
            return Llava.buildLlama(LlamaConfig.read(Golden.path(name)), weights);
        }
    }

    private static ContinuousBatchingScheduler scheduler(Llava model, int eos, boolean cache) {
        int vocabulary = Math.toIntExact(model.weight("lm_head.weight").size(0));
        CollatorOptions options = new CollatorOptions(1, vocabulary, MAX_LENGTH, PaddingSide.RIGHT, 16);
        OutputTokens output = OutputTokens.of(vocabulary, Set.of(eos));
        return new ContinuousBatchingScheduler(
                model,
                options,
                output,
                (layout, prompts) -> Placeholders.text(layout),
                cache ? IncrementalDecoder::new : UncachedDecoder::new);
    }

    private static List<int[]> prompts() {
        Random random = new Random(3);
        return Arrays.stream(new int[] {1, 3, 17, 40, 16})
                .mapToObj(length -> random.ints(length, 3, 128).toArray())
                .toList();
    }

    private static Generation submit(ContinuousBatchingScheduler scheduler, int[] prompt, TokenListener listener) {
        return scheduler.submit(new Prompt(prompt, List.of()), TokenComparison.greedy(NEW_TOKENS), listener);
    }

    private static List<Generation> run(ContinuousBatchingScheduler scheduler, List<int[]> prompts) {
        List<Generation> all =
                prompts.stream().map(ids -> submit(scheduler, ids, id -> true)).toList();
        all.forEach(scheduler::await);
        return all;
    }

    private static List<String> generate(ContinuousBatchingScheduler scheduler, List<int[]> prompts) {
        return run(scheduler, prompts).stream()
                .map(g -> Arrays.toString(g.newTokenIds()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"b_llama", "b_llama_gqa"})
    void kvCacheGivesSameTokens(String name) {
        for (WeightDtype type : WeightDtype.values()) {
            Llava model = model(name, type);
            TokenComparison comparison = new TokenComparison(type);
            List<Generation> whole = run(scheduler(model, NO_EOS, false), prompts());
            List<Generation> batched = run(scheduler(model, NO_EOS, true), prompts());
            for (int row = 0; row < whole.size(); row++) {
                comparison.check(batched.get(row), whole.get(row), type + ", batched, row " + row);
                Generation alone = run(
                                scheduler(model, NO_EOS, true),
                                List.of(prompts().get(row)))
                        .get(0);
                comparison.check(alone, whole.get(row), type + ", row " + row + " alone");
            }
        }
    }

    @Test
    void sequencesEndIndependently() {
        Llava model = model("b_llama", WeightDtype.FP32);
        Generation free = submit(scheduler(model, NO_EOS, true), prompts().get(2), id -> true);
        // Without start(), only await() generates.
        assertThat(free.done()).isNotDone();
        ContinuousBatchingScheduler scheduler = scheduler(model, NO_EOS, true);
        Generation first = submit(scheduler, prompts().get(2), id -> true);
        assertThat(scheduler.await(first)).isEqualTo(FinishReason.LENGTH);
        int end = first.newTokenIds()[4];

        ContinuousBatchingScheduler ending = scheduler(model, end, true);
        Generation ends = submit(ending, prompts().get(2), id -> true);
        AtomicInteger received = new AtomicInteger();
        Generation stopped = submit(ending, prompts().get(3), id -> received.incrementAndGet() < 3);
        assertThat(ending.await(ends)).isEqualTo(FinishReason.STOP);
        assertThat(ends.newTokenIds()).isEqualTo(Arrays.copyOf(first.newTokenIds(), indexOf(first.newTokenIds(), end)));
        assertThat(ending.await(stopped)).isEqualTo(FinishReason.STOP);
        assertThat(stopped.newTokenIds()).hasSize(3);
    }

    private static int indexOf(int[] values, int value) {
        return Arrays.stream(values).boxed().toList().indexOf(value);
    }

    @Test
    void sequencesJoinAndLeaveRunningBatch() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(scheduler(model, NO_EOS, true), prompts());
        try (ContinuousBatchingScheduler scheduler =
                scheduler(model, NO_EOS, true).start()) {
            List<Thread> clients = new ArrayList<>();
            List<String> results = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int row = i % 5;
                Thread client = new Thread(() -> {
                    Generation generation = submit(scheduler, prompts().get(row), id -> true);
                    scheduler.await(generation);
                    synchronized (results) {
                        results.add(row + Arrays.toString(generation.newTokenIds()));
                    }
                });
                clients.add(client);
                client.start();
                if (i % 7 == 0) {
                    Thread.sleep(3);
                }
            }
            for (Thread client : clients) {
                client.join();
            }
            for (int row = 0; row < 5; row++) {
                String expected = row + alone.get(row);
                assertThat(results.stream().filter(expected::equals)).hasSize(8);
            }
        }
    }

    @Test
    void cancelledSequenceKeepsTokensAndOthersContinue() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(scheduler(model, NO_EOS, true), prompts());
        CountDownLatch started = new CountDownLatch(1);
        try (ContinuousBatchingScheduler scheduler =
                scheduler(model, NO_EOS, true).start()) {
            Generation longRunning = scheduler.submit(
                    new Prompt(prompts().get(3), List.of()), DecodingOptions.greedy(MAX_LENGTH), id -> {
                        started.countDown();
                        return true;
                    });
            Generation other = submit(scheduler, prompts().get(1), id -> true);
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            longRunning.cancel();
            assertThat(scheduler.await(longRunning)).isEqualTo(FinishReason.CANCELLED);
            assertThat(longRunning.newTokenIds()).isNotEmpty().hasSizeLessThan(MAX_LENGTH - 40);
            assertThat(scheduler.await(other)).isEqualTo(FinishReason.LENGTH);
            assertThat(Arrays.toString(other.newTokenIds())).isEqualTo(alone.get(1));
        }
    }

    @Test
    void cancelledWaitingSequenceEndsAtOnce() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        try (ContinuousBatchingScheduler scheduler = scheduler(model, NO_EOS, true)) {
            scheduler.setMaxBatchSize(1);
            CountDownLatch started = new CountDownLatch(1);
            Generation longRunning = scheduler.submit(
                    new Prompt(prompts().get(3), List.of()), DecodingOptions.greedy(MAX_LENGTH), id -> {
                        started.countDown();
                        return true;
                    });
            scheduler.start();
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            Generation waiting = submit(scheduler, prompts().get(1), id -> true);
            Generation cancelled = submit(scheduler, prompts().get(2), id -> true);
            cancelled.cancel();
            assertThat(cancelled.done().orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(FinishReason.CANCELLED);
            assertThat(waiting.done()).as("the batch is still full").isNotDone();
            assertThat(longRunning.done()).isNotDone();
        }
    }

    @Test
    void failureOfOneSequenceLeavesOthersRunning() {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(scheduler(model, NO_EOS, true), prompts());
        ContinuousBatchingScheduler scheduler = scheduler(model, NO_EOS, true);
        Generation invalidPrompt = submit(scheduler, new int[] {1, 99999}, id -> true);
        Generation valid = submit(scheduler, prompts().get(2), id -> true);
        Generation failingListener = submit(scheduler, prompts().get(1), id -> {
            throw new IllegalStateException("listener failed");
        });
        assertThatThrownBy(() -> scheduler.await(invalidPrompt))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("99999");
        assertThatThrownBy(() -> scheduler.await(failingListener)).hasMessage("listener failed");
        scheduler.await(valid);
        assertThat(Arrays.toString(valid.newTokenIds())).isEqualTo(alone.get(2));
    }

    @Test
    void schedulerThreadSurvivesErrors() {
        Llava model = model("b_llama", WeightDtype.FP32);
        int vocabulary = Math.toIntExact(model.weight("lm_head.weight").size(0));
        AtomicInteger collated = new AtomicInteger();
        ContinuousBatchingScheduler scheduler = new ContinuousBatchingScheduler(
                model,
                new CollatorOptions(1, vocabulary, MAX_LENGTH, PaddingSide.RIGHT, 16),
                OutputTokens.of(vocabulary, Set.of()),
                (layout, prompts) -> {
                    if (collated.getAndIncrement() == 0) {
                        throw new OutOfMemoryError("simulated");
                    }
                    return Placeholders.text(layout);
                },
                UncachedDecoder::new);
        try (scheduler) {
            scheduler.start();
            Generation first = submit(scheduler, prompts().get(1), id -> true);
            assertThatThrownBy(
                            () -> first.done().orTimeout(60, TimeUnit.SECONDS).join())
                    .hasRootCauseMessage("simulated");
            Generation second = submit(scheduler, prompts().get(1), id -> true);
            assertThat(second.done().orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void submitRejectsFullPromptAndContextLengthEndsAnswer() {
        ContinuousBatchingScheduler scheduler = scheduler(model("b_llama", WeightDtype.FP32), NO_EOS, true);
        int[] full = new int[MAX_LENGTH];
        Arrays.fill(full, 5);
        assertThatThrownBy(() -> submit(scheduler, full, id -> true))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has 2048 tokens")
                .hasMessageContaining("shorten");
        Generation last = submit(scheduler, Arrays.copyOf(full, MAX_LENGTH - 3), id -> true);
        assertThat(scheduler.await(last)).isEqualTo(FinishReason.LENGTH);
        assertThat(last.newTokenIds()).hasSize(3);
    }

    @Test
    void closeFailsRunningAndLaterSequences() {
        ContinuousBatchingScheduler scheduler =
                scheduler(model("b_llama", WeightDtype.FP32), NO_EOS, true).start();
        Generation running =
                scheduler.submit(new Prompt(new int[] {1}, List.of()), DecodingOptions.greedy(MAX_LENGTH), id -> true);
        scheduler.close();
        Generation late = submit(scheduler, new int[] {1}, id -> true);
        for (Generation generation : List.of(running, late)) {
            assertThatThrownBy(() ->
                            generation.done().orTimeout(60, TimeUnit.SECONDS).join())
                    .satisfiesAnyOf(
                            e -> assertThat(e).isInstanceOf(CancellationException.class),
                            e -> assertThat(e)
                                    .isInstanceOf(CompletionException.class)
                                    .hasCauseInstanceOf(CancellationException.class));
        }
    }
}
