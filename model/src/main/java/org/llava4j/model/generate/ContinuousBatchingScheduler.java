package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.generate.Generation.FinishReason;

/**
 * Scheduler of generation requests with continuous batching. Each iteration admits waiting requests in FIFO order, up to
 * {@code maxBatchSize} sequences and {@link #MAX_PREFILL_TOKENS} padded prompt tokens, prefills them, then decodes one
 * token for every sequence that was already running. Outputs do not depend on batch composition except for
 * floating-point rounding.
 *
 * <p>After {@link #start()} the iterations run on the scheduler's own thread, and any thread may submit requests. Until
 * then, {@link #await} runs them on the calling thread, and only one thread at a time may use the scheduler:
 * the model's graph is not thread-safe.
 */
public final class ContinuousBatchingScheduler implements AutoCloseable {
    /** Default maximum number of sequences in a batch. */
    private static final int DEFAULT_MAX_BATCH_SIZE = 32;
    /**
     * Maximum number of padded prompt tokens prefilled in one iteration, which bounds how long running sequences wait
     * for their next token. A longer prompt is prefilled alone.
     */
    private static final int MAX_PREFILL_TOKENS = 8192;

    private final Llava model;
    private final CollatorOptions options;
    private final OutputTokens output;
    private final PromptCollator collator;
    private final BiFunction<Llava, PromptForwardPass, AutoregressiveDecoder> decoderFactory;
    private final LinkedBlockingDeque<Generation> waiting = new LinkedBlockingDeque<>();
    private final List<Generation> running = new ArrayList<>();
    private volatile int maxBatchSize = DEFAULT_MAX_BATCH_SIZE;
    private volatile long maxCacheBytes;

    /** Created by the first iteration, because its memory belongs to the thread that runs iterations. */
    private @Nullable AutoregressiveDecoder decoder;

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

    /** Returns the number of requests waiting for prefill. */
    public int waitingRequests() {
        return waiting.size();
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
                if (running.isEmpty()) {
                    waiting.putFirst(waiting.takeFirst()); // blocks until a request arrives
                }
                runIterationOrFailAll();
            }
        } catch (InterruptedException e) {
            closed = true;
        }
        running.forEach(this::failAsClosed);
        cancelWaiting();
    }

    /**
     * Runs one iteration. An exception that is not confined to single sequences fails all running and waiting
     * ones; the thread continues.
     */
    private void runIterationOrFailAll() {
        try {
            runIteration();
        } catch (RuntimeException | Error e) {
            List.copyOf(running).forEach(generation -> fail(generation, e));
            for (Generation next = waiting.poll(); next != null; next = waiting.poll()) {
                next.done().completeExceptionally(e);
            }
        }
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
     * One scheduler iteration: drops cancelled sequences, prefills admitted ones, then decodes one token for each
     * sequence that was running before.
     */
    private void runIteration() {
        AutoregressiveDecoder active = decoder();
        running.removeIf(generation -> generation.isCancelled() && finish(generation, FinishReason.CANCELLED));
        waiting.removeIf(generation -> generation.isCancelled() && finish(generation, FinishReason.CANCELLED));
        List<Generation> alreadyRunning = List.copyOf(running);
        prefill(active, admitWaiting());
        if (!alreadyRunning.isEmpty()) {
            try {
                acceptLogits(alreadyRunning, active.decodeStep(alreadyRunning));
            } catch (RuntimeException | Error e) {
                alreadyRunning.forEach(generation -> fail(generation, e));
            }
        }
    }

    private AutoregressiveDecoder decoder() {
        if (decoder == null) {
            decoder = decoderFactory.apply(model, new PromptForwardPass(model, options, collator));
        }
        return decoder;
    }

    private List<Generation> admitWaiting() {
        List<Generation> admitted = new ArrayList<>();
        int longest = 0;
        for (Generation next = waiting.peek(); next != null; next = waiting.peek()) {
            longest = Math.max(longest, next.promptLength());
            boolean fits = running.size() + admitted.size() < maxBatchSize
                    && (admitted.isEmpty() || longest * (admitted.size() + 1) <= MAX_PREFILL_TOKENS);
            if (!fits) {
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
        running.remove(generation);
        if (decoder != null) {
            decoder.release(generation);
        }
    }

    /** Stops the scheduler's own thread. Its running sequences and all waiting ones complete exceptionally. */
    @Override
    public synchronized void close() {
        closed = true;
        if (ownThread != null) {
            ownThread.interrupt();
        }
        cancelWaiting();
    }
}
