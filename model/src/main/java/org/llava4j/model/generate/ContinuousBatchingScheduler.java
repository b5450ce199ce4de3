package org.llava4j.model.generate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.memory.PooledMemory;

/**
 * Scheduler of generation requests with continuous batching. Each iteration admits waiting requests in FIFO order, up to
 * {@code maxBatchSize} sequences and {@link #MAX_PREFILL_TOKENS} padded prompt tokens, prefills them, then decodes one
 * token for every sequence that was already running. Outputs do not depend on batch composition except for
 * floating-point rounding.
 *
 * <p>With a limit of pauses ({@link #setMaxPause}), a prompt that would take longer is prefilled in chunks, one in each
 * iteration, as long as other sequences run. While none run, whole prompts are prefilled together, which is more
 * efficient.
 *
 * <p>After {@link #start()} the iterations run on the scheduler's own thread, and any thread may submit requests. Until
 * then, {@link #await} runs them on the calling thread, and only one thread at a time may use the scheduler:
 * the model's graph is not thread-safe.
 */
public final class ContinuousBatchingScheduler implements AutoCloseable {
    /** Default maximum number of sequences in a batch. */
    private static final int DEFAULT_MAX_BATCH_SIZE = 32;
    /** Maximum number of padded prompt tokens prefilled in one iteration. A longer prompt is prefilled alone. */
    private static final int MAX_PREFILL_TOKENS = 8192;

    private final Llava model;
    private final CollatorOptions options;
    private final OutputTokens output;
    private final PromptCollator collator;
    private final BiFunction<Llava, PromptForwardPass, AutoregressiveDecoder> decoderFactory;
    private final LinkedBlockingDeque<Generation> waiting = new LinkedBlockingDeque<>();
    private final List<Generation> running = new ArrayList<>();
    private final ChunkSize chunkSize = new ChunkSize();
    private volatile int maxBatchSize = DEFAULT_MAX_BATCH_SIZE;
    private volatile long maxCacheBytes;

    /** Created by the first iteration, because its memory belongs to the thread that runs iterations. */
    private @Nullable AutoregressiveDecoder decoder;

    /** The sequence whose prompt is prefilled in chunks. */
    private volatile @Nullable Generation prefilling;

    private volatile @Nullable Thread ownThread;
    private volatile boolean closed;

    /**
     * Creates a scheduler that runs on the threads that call {@link #await} until {@link #start()} is called.
     *
     * @param options layout of prompt batches; padding must be on the right
     * @param output token ids that may be generated, and end tokens
     * @param collator collates prompts, images included, into graph inputs
     */
    public ContinuousBatchingScheduler(
            Llava model, CollatorOptions options, OutputTokens output, PromptCollator collator) {
        this(model, options, output, collator, IncrementalDecoder::new);
    }

    /** @param decoderFactory creates the decoder, on the scheduler's thread */
    ContinuousBatchingScheduler(
            Llava model,
            CollatorOptions options,
            OutputTokens output,
            PromptCollator collator,
            BiFunction<Llava, PromptForwardPass, AutoregressiveDecoder> decoderFactory) {
        this.model = model;
        this.options = options;
        this.output = output;
        this.collator = collator;
        this.decoderFactory = decoderFactory;
    }

    /** Starts the scheduler's own thread, which runs until {@link #close()}. */
    public synchronized ContinuousBatchingScheduler start() {
        if (ownThread == null) {
            ownThread = new Thread(this::runUntilClosed, "llava4j-scheduler");
            ownThread.setDaemon(true);
            ownThread.start();
        }
        return this;
    }

    /**
     * Submits a generation request.
     *
     * @param decoding its stop texts are the listener's business
     * @throws ContextLengthException if the prompt fills the model's context length
     * @throws BadInputException if no answer that fits the schema is possible: with so many tokens, or at all
     */
    public Generation submit(Prompt prompt, DecodingOptions decoding, TokenListener listener) {
        int length = BatchLayout.expandedLength(prompt.ids(), options.numImageTokens());
        int remaining = options.maxLength() - length;
        if (remaining < 1) {
            throw new ContextLengthException(length, options.maxLength());
        }
        Generation generation = new Generation(
                prompt, length, decoding, output, Math.min(decoding.maxNewTokens(), remaining), listener);
        waiting.add(generation);
        if (closed) {
            cancelWaiting();
        }
        return generation;
    }

    /** Sets the maximum number of sequences decoded in one batch. Each sequence allocates a KV cache. */
    public void setMaxBatchSize(int maxBatchSize) {
        this.maxBatchSize = maxBatchSize;
    }

    /**
     * Sets the maximum memory of the prefix cache: the keys and values of finished sequences, for prompts that begin with the
     * same tokens and images; 0, the default, caches none. The model's weights must not change while it is positive.
     */
    public void setMaxCacheBytes(long maxCacheBytes) {
        this.maxCacheBytes = maxCacheBytes;
    }

    /**
     * Sets the maximum time from one token of a running sequence to its next while other prompts are prefilled. Between
     * two decode steps, prefill computes at least {@link ChunkSize#MIN_TOKENS} tokens, or the vision tower runs for at
     * least half the time of a step, whatever the limit.
     *
     * @param maxPause null, the default, for no limit
     * @throws BadInputException if it is zero or negative
     */
    public void setMaxPause(@Nullable Duration maxPause) {
        chunkSize.setMaxPause(maxPause);
    }

    /** Returns the number of requests whose prefill has not begun or is not complete. */
    public int waitingRequests() {
        return waiting.size() + (prefilling == null ? 0 : 1);
    }

    /**
     * Waits for a sequence to finish. Before {@link #start()}, runs iterations on the calling thread until it does.
     *
     * @throws BadInputException if generation failed because of the input
     */
    public FinishReason await(Generation generation) {
        while (ownThread == null && !generation.done().isDone()) {
            runIteration();
        }
        try {
            return generation.done().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private void runUntilClosed() {
        try {
            while (!closed) {
                if (running.isEmpty() && prefilling == null) {
                    waiting.putFirst(waiting.takeFirst()); // blocks until a request arrives
                }
                runIterationOrFailAll();
            }
        } catch (InterruptedException e) {
            closed = true;
        }
        cancelAdmitted();
        cancelWaiting();
        PooledMemory.forCurrentThread().close();
    }

    /**
     * Runs one iteration. An exception that is not confined to single sequences fails all running and waiting
     * ones; the thread continues.
     */
    private void runIterationOrFailAll() {
        try {
            runIteration();
        } catch (RuntimeException | Error e) {
            admitted().forEach(generation -> fail(generation, e));
            for (Generation next = waiting.poll(); next != null; next = waiting.poll()) {
                next.done().completeExceptionally(e);
            }
        }
    }

    /** The sequences that have memory in the decoder. */
    private List<Generation> admitted() {
        List<Generation> all = new ArrayList<>(running);
        Generation incomplete = prefilling;
        if (incomplete != null) {
            all.add(incomplete);
        }
        return all;
    }

    /** Fails the admitted sequences and releases all memory of the decoder. */
    private void cancelAdmitted() {
        List<Generation> all = admitted();
        running.clear();
        prefilling = null;
        if (decoder != null) {
            decoder.close();
        }
        all.forEach(this::failAsClosed);
    }

    private void cancelWaiting() {
        for (Generation next = waiting.poll(); next != null; next = waiting.poll()) {
            failAsClosed(next);
        }
    }

    private void failAsClosed(Generation generation) {
        generation.done().completeExceptionally(new CancellationException("the model was closed"));
    }

    /**
     * One scheduler iteration: drops cancelled sequences, prefills admitted ones or a chunk, then decodes one token for
     * each sequence that was running before.
     */
    private void runIteration() {
        AutoregressiveDecoder active = decoder();
        admitted().forEach(this::finishIfCancelled);
        waiting.removeIf(generation -> generation.isCancelled() && finish(generation, FinishReason.CANCELLED));
        List<Generation> alreadyRunning = List.copyOf(running);
        prefill(active, alreadyRunning.isEmpty());
        if (!alreadyRunning.isEmpty()) {
            long start = System.nanoTime();
            try {
                acceptLogits(alreadyRunning, active.decodeStep(alreadyRunning));
            } catch (RuntimeException | Error e) {
                alreadyRunning.forEach(generation -> fail(generation, e));
            }
            chunkSize.stepTook(System.nanoTime() - start);
        }
    }

    private void finishIfCancelled(Generation generation) {
        if (generation.isCancelled()) {
            forget(generation);
            finish(generation, FinishReason.CANCELLED);
        }
    }

    private AutoregressiveDecoder decoder() {
        if (decoder == null) {
            decoder = decoderFactory.apply(model, new PromptForwardPass(model, options, collator));
        }
        return decoder;
    }

    /**
     * Prefills waiting prompts: whole ones, or the next chunk of one that would take too long.
     *
     * @param unlimited whether no sequence runs that would pause meanwhile
     */
    private void prefill(AutoregressiveDecoder active, boolean unlimited) {
        if (prefilling == null) {
            if (unlimited || !chunkSize.isLimited()) {
                prefill(active, admitWaiting(MAX_PREFILL_TOKENS, next -> true));
                return;
            }
            int maxTokens = Math.min(chunkSize.tokens(), MAX_PREFILL_TOKENS);
            List<Generation> whole = admitWaiting(maxTokens, next -> isTextOf(next, maxTokens));
            if (!whole.isEmpty()) {
                long start = System.nanoTime();
                prefill(active, whole);
                chunkSize.chunkTook(paddedTokens(whole), System.nanoTime() - start);
                return;
            }
            List<Generation> next = admitWaiting(0, any -> true);
            prefilling = next.isEmpty() ? null : next.get(0);
        }
        Generation current = prefilling;
        if (current != null) {
            prefillChunk(active, current, unlimited);
        }
    }

    /** Whether a prompt is short and has no images, whose features would take a time of their own. */
    private static boolean isTextOf(Generation generation, int maxTokens) {
        return generation.promptLength() <= maxTokens
                && generation.prompt().images().isEmpty();
    }

    private static int paddedTokens(List<Generation> prompts) {
        return prompts.size()
                * prompts.stream().mapToInt(Generation::promptLength).max().orElse(0);
    }

    private void prefillChunk(AutoregressiveDecoder active, Generation generation, boolean unlimited) {
        long start = System.nanoTime();
        long maxNanos = unlimited ? Long.MAX_VALUE : chunkSize.visionNanos();
        PrefillChunk chunk;
        try {
            chunk = active.prefillChunk(
                    generation,
                    unlimited ? Integer.MAX_VALUE : chunkSize.tokens(),
                    () -> System.nanoTime() - start >= maxNanos);
        } catch (RuntimeException | Error e) {
            fail(generation, e);
            return;
        }
        chunkSize.chunkTook(chunk.tokens(), System.nanoTime() - start);
        if (chunk.logits() != null) {
            prefilling = null;
            running.add(generation);
            acceptLogits(List.of(generation), List.of(chunk.logits()));
        }
    }

    /**
     * Admits waiting requests in FIFO order while there is room in the batch.
     *
     * @param maxTokens maximum number of padded prompt tokens; one prompt may have more
     * @param isAdmissible the first request that is not ends the selection
     */
    private List<Generation> admitWaiting(int maxTokens, Predicate<Generation> isAdmissible) {
        List<Generation> admitted = new ArrayList<>();
        int longest = 0;
        for (Generation next = waiting.peek(); next != null; next = waiting.peek()) {
            longest = Math.max(longest, next.promptLength());
            boolean fits = running.size() + admitted.size() < maxBatchSize
                    && (admitted.isEmpty() || longest * (admitted.size() + 1) <= maxTokens);
            if (!fits || !isAdmissible.test(next)) {
                break;
            }
            waiting.remove(next);
            admitted.add(next);
        }
        return admitted;
    }

    private void prefill(AutoregressiveDecoder active, List<Generation> admitted) {
        if (admitted.isEmpty()) {
            return;
        }
        List<float[]> logits;
        try {
            logits = active.prefill(admitted);
        } catch (RuntimeException | Error e) {
            admitted.forEach(active::release);
            if (admitted.size() == 1) {
                admitted.forEach(generation -> fail(generation, e));
            } else {
                // One invalid prompt fails the whole batch: prefill each alone, so that the others succeed.
                admitted.forEach(generation -> prefill(active, List.of(generation)));
            }
            return;
        }
        running.addAll(admitted);
        acceptLogits(admitted, logits);
    }

    private void acceptLogits(List<Generation> rows, List<float[]> logits) {
        for (int row = 0; row < rows.size(); row++) {
            Generation generation = rows.get(row);
            try {
                if (!generation.accept(logits.get(row))) {
                    running.remove(generation);
                    decoder().finish(generation, maxCacheBytes);
                }
            } catch (RuntimeException | Error e) {
                fail(generation, e);
            }
        }
    }

    private void fail(Generation generation, Throwable cause) {
        remove(generation);
        generation.done().completeExceptionally(cause);
    }

    private boolean finish(Generation generation, FinishReason reason) {
        decoder().finish(generation, maxCacheBytes);
        return generation.done().complete(reason);
    }

    private void remove(Generation generation) {
        forget(generation);
        if (decoder != null) {
            decoder.release(generation);
        }
    }

    private void forget(Generation generation) {
        running.remove(generation);
        if (generation.equals(prefilling)) {
            prefilling = null;
        }
    }

    /**
     * Stops the scheduler's own thread, which then releases its memory. Running sequences and all waiting ones complete
     * exceptionally.
     */
    @Override
    public synchronized void close() {
        closed = true;
        if (ownThread != null) {
            ownThread.interrupt();
        } else {
            cancelAdmitted();
        }
        cancelWaiting();
    }
}
