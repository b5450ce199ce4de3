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
import org.llava4j.model.Golden;
import org.llava4j.model.Llava;
import org.llava4j.model.Placeholders;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.WeightDtype;

/** Tokens with keys and values kept are those of whole texts, whatever the company and the time of coming. */
class ContinuousBatchingSchedulerTest {
    private static final int NO_EOS = -1;
    private static final int NEW_TOKENS = 20;
    private static final int MAX_LENGTH = 2048;

    private static Llava model(String name, WeightDtype type) {
        try (Checkpoint weights = Checkpoint.bare(Golden.path(name)).withWeightDtype(type, any -> false)) {
            return Llava.buildLlama(LlamaConfig.read(Golden.path(name)), weights);
        }
    }

    private static ContinuousBatchingScheduler generator(Llava model, int eos, boolean cache) {
        int vocabulary = model.decoderWithoutLora().orElseThrow().vocabSize();
        CollatorOptions options = new CollatorOptions(1, vocabulary, MAX_LENGTH, PaddingSide.RIGHT, 16);
        OutputTokens output = OutputTokens.of(vocabulary, Set.of(eos));
        return new ContinuousBatchingScheduler(
                model, options, output, (layout, prompts) -> Placeholders.text(layout), cache);
    }

    private static List<int[]> prompts() {
        Random random = new Random(3);
        return Arrays.stream(new int[] {1, 3, 17, 40, 16})
                .mapToObj(length -> random.ints(length, 3, 128).toArray())
                .toList();
    }

    private static Generation submit(ContinuousBatchingScheduler generator, int[] prompt, TokenListener listener) {
        return generator.submit(new Prompt(prompt, List.of()), SamplingOptions.GREEDY, NEW_TOKENS, listener);
    }

    private static List<String> generate(ContinuousBatchingScheduler generator, List<int[]> prompts) {
        List<Generation> all =
                prompts.stream().map(ids -> submit(generator, ids, id -> true)).toList();
        all.forEach(generator::await);
        return all.stream().map(g -> Arrays.toString(g.newTokenIds())).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"b_llama", "b_llama_gqa"})
    void theCacheChangesNoToken(String name) {
        for (WeightDtype type : WeightDtype.values()) {
            Llava model = model(name, type);
            List<String> whole = generate(generator(model, NO_EOS, false), prompts());
            assertThat(generate(generator(model, NO_EOS, true), prompts()))
                    .as(type + ", together")
                    .isEqualTo(whole);
            for (int row = 0; row < whole.size(); row++) {
                assertThat(generate(
                                generator(model, NO_EOS, true),
                                List.of(prompts().get(row))))
                        .as(type + ", row " + row + " alone")
                        .containsExactly(whole.get(row));
            }
        }
    }

    @Test
    void textsEndAtTheirOwnTimes() {
        Llava model = model("b_llama", WeightDtype.FP32);
        Generation free = submit(generator(model, NO_EOS, true), prompts().get(2), id -> true);
        // The thread that asks does the work.
        assertThat(free.done()).isNotDone();
        ContinuousBatchingScheduler generator = generator(model, NO_EOS, true);
        Generation first = submit(generator, prompts().get(2), id -> true);
        assertThat(generator.await(first)).isEqualTo(FinishReason.LENGTH);
        int end = first.newTokenIds()[4];

        ContinuousBatchingScheduler ending = generator(model, end, true);
        Generation ends = submit(ending, prompts().get(2), id -> true);
        AtomicInteger heard = new AtomicInteger();
        Generation stopped = submit(ending, prompts().get(3), id -> heard.incrementAndGet() < 3);
        assertThat(ending.await(ends)).isEqualTo(FinishReason.STOP);
        assertThat(ends.newTokenIds()).isEqualTo(Arrays.copyOf(first.newTokenIds(), indexOf(first.newTokenIds(), end)));
        assertThat(ending.await(stopped)).isEqualTo(FinishReason.STOP);
        assertThat(stopped.newTokenIds()).hasSize(3);
    }

    private static int indexOf(int[] values, int value) {
        return Arrays.stream(values).boxed().toList().indexOf(value);
    }

    @Test
    void textsComeAndGoBetweenTokensOnAThreadOfItsOwn() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(generator(model, NO_EOS, true), prompts());
        try (ContinuousBatchingScheduler generator =
                generator(model, NO_EOS, true).start()) {
            List<Thread> askers = new ArrayList<>();
            List<String> said = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int row = i % 5;
                Thread asker = new Thread(() -> {
                    Generation generation = submit(generator, prompts().get(row), id -> true);
                    generator.await(generation);
                    synchronized (said) {
                        said.add(row + Arrays.toString(generation.newTokenIds()));
                    }
                });
                askers.add(asker);
                asker.start();
                if (i % 7 == 0) {
                    Thread.sleep(3);
                }
            }
            for (Thread asker : askers) {
                asker.join();
            }
            for (int row = 0; row < 5; row++) {
                String expected = row + alone.get(row);
                assertThat(said.stream().filter(expected::equals)).hasSize(8);
            }
        }
    }

    @Test
    void whatIsCancelledEndsWithWhatWasSaidAndTheOthersGoOn() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(generator(model, NO_EOS, true), prompts());
        CountDownLatch begun = new CountDownLatch(1);
        try (ContinuousBatchingScheduler generator =
                generator(model, NO_EOS, true).start()) {
            Generation endless = generator.submit(
                    new Prompt(prompts().get(3), List.of()), SamplingOptions.GREEDY, MAX_LENGTH, id -> {
                        begun.countDown();
                        return true;
                    });
            Generation other = submit(generator, prompts().get(1), id -> true);
            assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
            endless.cancel();
            assertThat(generator.await(endless)).isEqualTo(FinishReason.CANCELLED);
            assertThat(endless.newTokenIds()).isNotEmpty().hasSizeLessThan(MAX_LENGTH - 40);
            assertThat(generator.await(other)).isEqualTo(FinishReason.LENGTH);
            assertThat(Arrays.toString(other.newTokenIds())).isEqualTo(alone.get(1));
        }
    }

    @Test
    void whatIsCancelledWhileItWaitsDoesNotWaitForItsTurn() throws Exception {
        Llava model = model("b_llama", WeightDtype.FP32);
        try (ContinuousBatchingScheduler generator = generator(model, NO_EOS, true)) {
            generator.setMaxBatchSize(1);
            CountDownLatch begun = new CountDownLatch(1);
            Generation endless = generator.submit(
                    new Prompt(prompts().get(3), List.of()), SamplingOptions.GREEDY, MAX_LENGTH, id -> {
                        begun.countDown();
                        return true;
                    });
            generator.start();
            assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
            Generation behind = submit(generator, prompts().get(1), id -> true);
            Generation cancelled = submit(generator, prompts().get(2), id -> true);
            cancelled.cancel();
            assertThat(cancelled.done().orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(FinishReason.CANCELLED);
            assertThat(behind.done()).as("it is not their turn yet").isNotDone();
            assertThat(endless.done()).isNotDone();
        }
    }

    @Test
    void oneThatFailsFailsAlone() {
        Llava model = model("b_llama", WeightDtype.FP32);
        List<String> alone = generate(generator(model, NO_EOS, true), prompts());
        ContinuousBatchingScheduler generator = generator(model, NO_EOS, true);
        Generation broken = submit(generator, new int[] {1, 99999}, id -> true);
        Generation good = submit(generator, prompts().get(2), id -> true);
        Generation deaf = submit(generator, prompts().get(1), id -> {
            throw new IllegalStateException("no ear");
        });
        assertThatThrownBy(() -> generator.await(broken))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("99999");
        assertThatThrownBy(() -> generator.await(deaf)).hasMessage("no ear");
        generator.await(good);
        assertThat(Arrays.toString(good.newTokenIds())).isEqualTo(alone.get(2));
    }

    @Test
    void theThreadOutlivesWhatGoesWrongOnIt() {
        Llava model = model("b_llama", WeightDtype.FP32);
        int vocabulary = model.decoderWithoutLora().orElseThrow().vocabSize();
        AtomicInteger fed = new AtomicInteger();
        ContinuousBatchingScheduler generator = new ContinuousBatchingScheduler(
                model,
                new CollatorOptions(1, vocabulary, MAX_LENGTH, PaddingSide.RIGHT, 16),
                OutputTokens.of(vocabulary, Set.of()),
                (layout, prompts) -> {
                    if (fed.getAndIncrement() == 0) {
                        throw new OutOfMemoryError("as if");
                    }
                    return Placeholders.text(layout);
                });
        try (generator) {
            generator.start();
            Generation first = submit(generator, prompts().get(1), id -> true);
            assertThatThrownBy(
                            () -> first.done().orTimeout(60, TimeUnit.SECONDS).join())
                    .hasRootCauseMessage("as if");
            Generation second = submit(generator, prompts().get(1), id -> true);
            assertThat(second.done().orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void aPromptWithoutRoomIsRefusedAndAnAnswerEndsWithTheModelsLength() {
        ContinuousBatchingScheduler generator = generator(model("b_llama", WeightDtype.FP32), NO_EOS, true);
        int[] full = new int[MAX_LENGTH];
        Arrays.fill(full, 5);
        assertThatThrownBy(() -> submit(generator, full, id -> true))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("2048 positions of the 2048")
                .hasMessageContaining("shorten");
        Generation last = submit(generator, Arrays.copyOf(full, MAX_LENGTH - 3), id -> true);
        assertThat(generator.await(last)).isEqualTo(FinishReason.LENGTH);
        assertThat(last.newTokenIds()).hasSize(3);
    }

    @Test
    void closingEndsWhatIsUnderWayAndWhatComesLater() {
        ContinuousBatchingScheduler generator =
                generator(model("b_llama", WeightDtype.FP32), NO_EOS, true).start();
        Generation running =
                generator.submit(new Prompt(new int[] {1}, List.of()), SamplingOptions.GREEDY, MAX_LENGTH, id -> true);
        generator.close();
        Generation late = submit(generator, new int[] {1}, id -> true);
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
