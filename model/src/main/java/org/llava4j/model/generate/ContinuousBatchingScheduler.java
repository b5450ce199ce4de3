package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingDeque;
import org.llava4j.data.BadInputException;
import org.llava4j.data.batch.BatchLayout;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.model.Llava;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.samediff.PooledMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Goes on with several texts at once, which come and go between two tokens: each turn begins with the prompts that have
 * waited longest, as far as there is room, and gives every text one token. A text's tokens do not depend on its company,
 * but for what another number of rows does to a product's last bits.
 *
 * <p>One thread owns a graph: either the generator's own, and any thread may submit, or the caller's, which then turns
 * until its texts are done.
 */
public final class ContinuousBatchingScheduler implements AutoCloseable {
    /** Texts that are gone on with at once, unless it is told otherwise. */
    private static final int DEFAULT_MAX_BATCH_SIZE = 32;
    /** Positions of the prompts that begin in one turn, while others wait for their next token. */
    private static final int MAX_PREFILL_TOKENS = 8192;

    private final Llava model;
    private final CollatorOptions options;
    private final OutputTokens output;
    private final PromptCollator collator;
    private final boolean useKvCache;
    private final LinkedBlockingDeque<Generation> waiting = new LinkedBlockingDeque<>();
    private final List<Generation> running = new ArrayList<>();
    private volatile int maxBatchSize = DEFAULT_MAX_BATCH_SIZE;
    private AutoregressiveDecoder decoder;
    private volatile Thread ownThread;
    private volatile boolean closed;

    /**
     * A generator that works on the threads that ask, one of them at a time.
     *
     * @param options how prompts are laid out; padding must be on the right
     * @param output the tokens that may be generated, and those that end a text
     * @param feed brings the images of prompts
     */
    public ContinuousBatchingScheduler(Llava model, CollatorOptions options, OutputTokens output, PromptCollator feed) {
        this(model, options, output, feed, true);
    }

    /** @param cache whether keys and values are kept where that can be; the same tokens come without, later */
    ContinuousBatchingScheduler(
            Llava model, CollatorOptions options, OutputTokens output, PromptCollator feed, boolean cache) {
        this.model = model;
        this.options = options;
        this.output = output;
        this.collator = feed;
        this.useKvCache = cache;
    }

    /** Works on a thread of its own from now on, until it is closed. */
    public synchronized ContinuousBatchingScheduler start() {
        if (ownThread == null) {
            ownThread = new Thread(this::runUntilClosed, "llava4j-generator");
            ownThread.setDaemon(true);
            ownThread.start();
        }
        return this;
    }

    /**
     * Goes on with a text.
     *
     * @param maxNewTokens at most; fewer where the model has no positions for them
     * @throws BadInputException if the prompt alone fills the model's length
     */
    public Generation submit(Prompt prompt, SamplingOptions sampling, int maxNewTokens, TokenListener listener) {
        int length = BatchLayout.expandedLength(prompt.ids(), options.numImageTokens());
        int room = options.maxLength() - length;
        if (room < 1) {
            throw new BadInputException("the prompt takes " + length + " positions of the " + options.maxLength()
                    + " that the model has, which leaves none for an answer; shorten it");
        }
        if (maxNewTokens < 1) {
            throw new BadInputException(maxNewTokens + " new tokens are wanted; ask for 1 or more");
        }
        Generation generation =
                new Generation(prompt, length, sampling, output, Math.min(maxNewTokens, room), listener);
        waiting.add(generation);
        if (closed) {
            cancelWaiting();
        }
        return generation;
    }

    /** Goes on with so many texts at once, at most: each takes memory for its keys and values. */
    public void setMaxBatchSize(int texts) {
        maxBatchSize = texts;
    }

    /** How many texts wait for their first token. */
    public int waitingRequests() {
        return waiting.size();
    }

    /**
     * Waits for a text, or goes on with all there are where no thread does.
     *
     * @throws BadInputException if it could not be gone on with
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
                    waiting.putFirst(waiting.takeFirst()); // sleeps until there is one
                }
                runIterationOrFailAll();
            }
        } catch (InterruptedException e) {
            closed = true;
        }
        running.forEach(this::failAsClosed);
        cancelWaiting();
    }

    /** Whatever goes wrong is told to those who wait: nobody else would notice, and the thread is to live on. */
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

    /** One token for each text. */
    private void runIteration() {
        if (decoder == null) {
            PromptForwardPass prompts = new PromptForwardPass(model, options, collator);
            decoder = useKvCache && model.decoderWithoutLora().isPresent()
                    ? new IncrementalDecoder(model, model.decoderWithoutLora().get(), prompts)
                    : new UncachedDecoder(prompts);
        }
        running.removeIf(generation -> generation.isCancelled() && finish(generation, FinishReason.CANCELLED));
        waiting.removeIf(generation -> generation.isCancelled() && finish(generation, FinishReason.CANCELLED));
        List<Generation> before = List.copyOf(running);
        prefill(admitWaiting());
        if (!before.isEmpty()) {
            try {
                acceptLogits(before, decoder.decodeStep(before));
            } catch (RuntimeException | Error e) {
                before.forEach(generation -> fail(generation, e));
            }
        }
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

    private void prefill(List<Generation> admitted) {
        if (admitted.isEmpty()) {
            return;
        }
        INDArray logits;
        try {
            logits = decoder.prefill(admitted);
        } catch (RuntimeException | Error e) {
            if (admitted.size() == 1) {
                admitted.forEach(generation -> fail(generation, e));
            } else {
                // One of them is at fault, and the others are not to suffer.
                admitted.forEach(generation -> prefill(List.of(generation)));
            }
            return;
        }
        running.addAll(admitted);
        acceptLogits(admitted, logits);
    }

    private void acceptLogits(List<Generation> rows, INDArray logits) {
        float[] all = logits.data().asFloat();
        int vocabulary = (int) logits.size(1);
        PooledMemory.forCurrentThread().release(logits);
        for (int row = 0; row < rows.size(); row++) {
            Generation generation = rows.get(row);
            try {
                if (!generation.accept(Arrays.copyOfRange(all, row * vocabulary, (row + 1) * vocabulary))) {
                    remove(generation);
                }
            } catch (RuntimeException | Error e) {
                fail(generation, e);
            }
        }
    }

    private void fail(Generation generation, Throwable why) {
        remove(generation);
        generation.done().completeExceptionally(why);
    }

    private boolean finish(Generation generation, FinishReason finish) {
        decoder.release(generation);
        return generation.done().complete(finish);
    }

    private void remove(Generation generation) {
        running.remove(generation);
        if (decoder != null) {
            decoder.release(generation);
        }
    }

    /** Ends the generator's own thread; texts under way end exceptionally. */
    @Override
    public synchronized void close() {
        closed = true;
        if (ownThread != null) {
            ownThread.interrupt();
        }
        cancelWaiting();
    }
}
