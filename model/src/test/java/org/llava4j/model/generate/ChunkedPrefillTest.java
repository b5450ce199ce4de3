package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.memory.PooledMemory;
import org.llava4j.model.weights.WeightDtype;

/** A prompt that is prefilled in chunks gets the same tokens, and other sequences get theirs between the chunks. */
class ChunkedPrefillTest {
    private static final long ENOUGH = 1L << 30;
    private static final int NEW_TOKENS = 20;
    /** Too short for any chunk, so that all have the minimum size. */
    private static final Duration SHORTEST = Duration.ofNanos(1);

    private final Random random = new Random(26);

    @TempDir
    private Path temp;

    private int[] tokens(int count) {
        return random.ints(count, 3, 128).toArray();
    }

    private ImageRef image(String name) throws Exception {
        return ImageRef.of(Files.writeString(temp.resolve(name), name));
    }

    private static int[] join(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static Generation generation(GoldenModel model, Prompt prompt, int promptLength) {
        return new Generation(
                prompt, promptLength, DecodingOptions.greedy(NEW_TOKENS), model.output(), NEW_TOKENS, token -> true);
    }

    /** Greedy tokens of a prompt that is prefilled in chunks of a size, or as a whole for 0. */
    private static int[] generate(GoldenModel model, AutoregressiveDecoder decoder, Prompt prompt, int chunk) {
        int images = prompt.images().size();
        int length = prompt.ids().length + images * (model.options().numImageTokens() - 1);
        Generation sequence = generation(model, prompt, length);
        float[] logits = chunk == 0 ? decoder.prefill(List.of(sequence)).get(0) : null;
        int prefilled = sequence.cachedTokens();
        while (logits == null) {
            PrefillChunk next = decoder.prefillChunk(sequence, chunk, () -> true);
            if (prefilled == 0) {
                prefilled = sequence.cachedTokens();
            }
            prefilled += next.tokens();
            logits = next.logits();
            assertThat(next.tokens()).isBetween(0, chunk);
            assertThat(logits != null).isEqualTo(prefilled == length);
        }
        while (sequence.accept(logits)) {
            logits = decoder.decodeStep(List.of(sequence)).get(0);
        }
        decoder.finish(sequence, ENOUGH);
        return sequence.newTokenIds();
    }

    @ParameterizedTest
    @EnumSource(WeightDtype.class)
    void chunksGiveSameTokens(WeightDtype type) {
        for (String name : List.of("b_llama", "b_llama_gqa")) {
            GoldenModel model = GoldenModel.text(name, type);
            Prompt prompt = new Prompt(tokens(150), List.of());
            int[] whole = generate(model, model.decoder(), prompt, 0);
            for (int chunk : new int[] {1, 7, 16, 75, 149, 150, 1000}) {
                assertThat(generate(model, model.decoder(), prompt, chunk))
                        .as(name + ", chunks of " + chunk)
                        .isEqualTo(whole);
            }
        }
    }

    @Test
    void chunksBeginAndEndAnywhereAroundImages() throws Exception {
        GoldenModel model = GoldenModel.images();
        int[] image = {LlamaTokenizer.IMAGE_TOKEN_ID};
        // 16 tokens an image: at positions 10 to 25 and 29 to 44 of 50.
        Prompt prompt = new Prompt(
                join(tokens(10), image, tokens(3), image, tokens(5)), List.of(image("0.png"), image("1.png")));
        int[] whole = generate(model, model.decoder(), prompt, 0);
        for (int chunk = 1; chunk <= 50; chunk++) {
            assertThat(generate(model, model.decoder(), prompt, chunk))
                    .as("chunks of " + chunk)
                    .isEqualTo(whole);
        }
    }

    @Test
    void suffixOfCachedPrefixIsChunked() throws Exception {
        GoldenModel model = GoldenModel.images();
        int[] image = {LlamaTokenizer.IMAGE_TOKEN_ID};
        int[] first = join(tokens(10), image, tokens(30));
        int[] next = join(first, tokens(20), image, tokens(40));
        List<ImageRef> images = List.of(image("0.png"), image("1.png"));
        int[] whole = generate(model, model.decoder(), new Prompt(next, images), 0);
        for (int chunk : new int[] {1, 16, 25, 100}) {
            IncrementalDecoder decoder = model.decoder();
            generate(model, decoder, new Prompt(first, images.subList(0, 1)), 0);
            assertThat(generate(model, decoder, new Prompt(next, images), chunk))
                    .isEqualTo(whole);
        }
    }

    /** A scheduler with a recorded decoder, on the calling thread. */
    private static final class Recorded {
        private final ContinuousBatchingScheduler scheduler;
        private final AtomicReference<RecordingDecoder> decoder = new AtomicReference<>();

        Recorded(GoldenModel model) {
            scheduler = new ContinuousBatchingScheduler(
                    model.model(), model.options(), model.output(), model.collator(), (llava, forward) -> {
                        decoder.set(new RecordingDecoder(new IncrementalDecoder(llava, forward)));
                        return decoder.get();
                    });
            scheduler.setMaxPause(SHORTEST);
        }

        Generation submit(int[] ids, int newTokens, TokenListener listener) {
            return scheduler.submit(new Prompt(ids, List.of()), DecodingOptions.greedy(newTokens), listener);
        }

        /** Submits a sequence, and others when it has a number of tokens. */
        Generation submit(int[] ids, int newTokens, int after, Runnable others) {
            AtomicReference<Integer> count = new AtomicReference<>(0);
            return submit(ids, newTokens, token -> {
                if (count.updateAndGet(i -> i + 1) == after) {
                    others.run();
                }
                return true;
            });
        }

        List<String> calls() {
            return decoder.get().calls();
        }

        RecordingDecoder recorder() {
            return decoder.get();
        }
    }

    private static int[] alone(GoldenModel model, int[] ids, int newTokens) {
        ContinuousBatchingScheduler scheduler = model.scheduler(0);
        Generation generation =
                scheduler.submit(new Prompt(ids, List.of()), DecodingOptions.greedy(newTokens), token -> true);
        scheduler.await(generation);
        return generation.newTokenIds();
    }

    @Test
    void longPromptAlternatesWithDecodeSteps() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        int[] shortPrompt = tokens(5);
        int[] longPrompt = tokens(1500);
        List<Generation> later = new ArrayList<>();
        Generation running = recorded.submit(
                shortPrompt, 150, 3, () -> later.add(recorded.submit(longPrompt, NEW_TOKENS, token -> true)));
        recorded.scheduler.await(running);
        recorded.scheduler.await(later.get(0));

        List<String> calls = recorded.calls();
        // 93 chunks of 16 tokens and one of 12, with a step of the running sequence after each.
        List<String> expected = new ArrayList<>(List.of("prefill 1", "step 1", "step 1"));
        IntStream.range(0, 93).forEach(i -> expected.addAll(List.of("chunk 16", "step 1")));
        expected.addAll(List.of("chunk 12", "step 1", "step 2"));
        assertThat(calls.subList(0, expected.size())).isEqualTo(expected);
        assertThat(running.newTokenIds()).isEqualTo(alone(model, shortPrompt, 150));
        assertThat(later.get(0).newTokenIds()).isEqualTo(alone(model, longPrompt, NEW_TOKENS));
    }

    @Test
    void promptIsWholeWhenNothingElseRuns() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        recorded.scheduler.await(recorded.submit(tokens(500), 2, token -> true));
        assertThat(recorded.calls()).containsExactly("prefill 1", "step 1", "finish");
    }

    @Test
    void restIsOneChunkWhenNothingElseRunsAnyMore() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        List<Generation> later = new ArrayList<>();
        Generation running =
                recorded.submit(tokens(5), 4, 1, () -> later.add(recorded.submit(tokens(500), 2, token -> true)));
        recorded.scheduler.await(running);
        recorded.scheduler.await(later.get(0));
        assertThat(recorded.calls())
                .containsExactly(
                        "prefill 1",
                        "chunk 16",
                        "step 1",
                        "chunk 16",
                        "step 1",
                        "chunk 16",
                        "step 1",
                        "finish",
                        "chunk 452",
                        "step 1",
                        "finish");
    }

    @Test
    void shortPromptsArePrefilledTogether() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        List<Generation> later = new ArrayList<>();
        Generation running = recorded.submit(tokens(5), 30, 1, () -> {
            for (int length : new int[] {8, 7, 40, 3}) {
                later.add(recorded.submit(tokens(length), 2, token -> true));
            }
        });
        later.add(running);
        recorded.scheduler.await(running);
        assertThat(later).allSatisfy(generation -> assertThat(generation.done()).isCompleted());
        assertThat(recorded.calls().stream()
                        .filter(call -> !call.startsWith("step"))
                        .toList())
                .containsExactly(
                        "prefill 1",
                        "prefill 2",
                        "chunk 16",
                        "finish",
                        "finish",
                        "chunk 16",
                        "chunk 8",
                        "prefill 1",
                        "finish",
                        "finish",
                        "finish");
    }

    @Test
    void schedulesOfManyPromptsGiveSameTokens() {
        GoldenModel model = GoldenModel.text("b_llama_gqa", WeightDtype.FP32);
        List<int[]> prompts =
                IntStream.of(3, 200, 17, 90, 16, 130, 1).mapToObj(this::tokens).toList();
        Recorded recorded = new Recorded(model);
        recorded.scheduler.setMaxBatchSize(3);
        List<Generation> later = new ArrayList<>();
        Generation running = recorded.submit(
                tokens(5),
                200,
                2,
                () -> prompts.forEach(ids -> later.add(recorded.submit(ids, NEW_TOKENS, token -> true))));
        recorded.scheduler.await(running);
        for (int i = 0; i < prompts.size(); i++) {
            recorded.scheduler.await(later.get(i));
            assertThat(later.get(i).newTokenIds()).isEqualTo(alone(model, prompts.get(i), NEW_TOKENS));
        }
    }

    @Test
    void cancelledPrefillReleasesItsMemoryAndOthersContinue() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        int[] shortPrompt = tokens(5);
        List<Generation> later = new ArrayList<>();
        AtomicReference<Integer> count = new AtomicReference<>(0);
        Generation running = recorded.submit(shortPrompt, 30, token -> {
            int tokens = count.updateAndGet(i -> i + 1);
            if (tokens == 1) {
                later.add(recorded.submit(tokens(1500), 2, any -> true));
                later.add(recorded.submit(tokens(3), 2, any -> true));
            } else if (tokens == 4) {
                assertThat(recorded.scheduler.waitingRequests()).isEqualTo(2);
                later.get(0).cancel();
            }
            return true;
        });
        recorded.scheduler.await(running);
        assertThat(recorded.scheduler.await(later.get(0))).isEqualTo(FinishReason.CANCELLED);
        assertThat(later.get(0).newTokenIds()).isEmpty();
        assertThat(recorded.scheduler.await(later.get(1))).isEqualTo(FinishReason.LENGTH);
        assertThat(recorded.scheduler.waitingRequests()).isZero();
        assertThat(Collections.frequency(recorded.calls(), "chunk 16")).isEqualTo(3);
        assertThat(running.newTokenIds()).isEqualTo(alone(model, shortPrompt, 30));
    }

    @Test
    void failedChunkFailsItsSequenceOnly() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        Recorded recorded = new Recorded(model);
        int[] shortPrompt = tokens(5);
        List<Generation> later = new ArrayList<>();
        Generation running = recorded.submit(shortPrompt, 30, 1, () -> {
            recorded.recorder().failAtChunk(2);
            later.add(recorded.submit(tokens(1500), 2, any -> true));
            later.add(recorded.submit(join(tokens(40), new int[] {99_999}), 2, any -> true));
            later.add(recorded.submit(tokens(30), 2, any -> true));
        });
        recorded.scheduler.await(running);
        assertThatThrownBy(() -> recorded.scheduler.await(later.get(0))).hasMessage("simulated");
        assertThatThrownBy(() -> recorded.scheduler.await(later.get(1))).hasMessageContaining("99999");
        assertThat(recorded.scheduler.await(later.get(2))).isEqualTo(FinishReason.LENGTH);
        assertThat(running.newTokenIds()).isEqualTo(alone(model, shortPrompt, 30));
        assertThat(Collections.frequency(recorded.calls(), "release")).isEqualTo(2);
    }

    @Test
    void releaseAndCloseReturnAllKeysAndValues() {
        GoldenModel model = GoldenModel.text("b_llama", WeightDtype.FP32);
        PooledMemory pool = PooledMemory.forCurrentThread();
        IncrementalDecoder decoder = model.decoder();
        Prompt prompt = new Prompt(tokens(100), List.of());
        // Keys and values of 128 tokens in 4 layers of width 64.
        long bytes = 2L * 4 * 128 * 64 * Float.BYTES;
        generate(model, decoder, prompt, 16); // leaves its keys and values in the prefix cache
        Generation whole = generation(model, prompt, 100);
        Generation part = generation(model, new Prompt(tokens(100), List.of()), 100);
        Generation cancelled = generation(model, new Prompt(tokens(100), List.of()), 100);
        decoder.prefill(List.of(whole));
        decoder.prefillChunk(part, 10, () -> false);
        decoder.prefillChunk(cancelled, 10, () -> false);
        long before = pool.freeBytes();
        decoder.release(cancelled);
        long embeddings = 100L * 64 * Float.BYTES;
        assertThat(pool.freeBytes() - before).isEqualTo(bytes + embeddings);
        decoder.close();
        assertThat(pool.freeBytes() - before).isEqualTo(4 * bytes + 2 * embeddings);
    }

    @Test
    void closeReleasesRunningSequences() {
        Recorded recorded = new Recorded(GoldenModel.text("b_llama", WeightDtype.FP32));
        List<Generation> later = new ArrayList<>();
        Generation longRunning =
                recorded.submit(tokens(5), 1000, 1, () -> later.add(recorded.submit(tokens(1500), 2, token -> true)));
        Generation shortOne = recorded.submit(tokens(5), 4, token -> true);
        recorded.scheduler.await(shortOne);
        assertThat(longRunning.done()).isNotDone();
        recorded.scheduler.close();
        assertThat(longRunning.done()).isCompletedExceptionally();
        assertThat(later.get(0).done()).isCompletedExceptionally();
        assertThat(recorded.calls()).endsWith("close");
    }
}
