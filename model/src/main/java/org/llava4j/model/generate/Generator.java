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
import org.llava4j.model.generate.Generation.Finish;
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
public final class Generator implements AutoCloseable {
    /** Texts that are gone on with at once, unless it is told otherwise. */
    private static final int AT_ONCE = 32;
    /** Positions of the prompts that begin in one turn, while others wait for their next token. */
    private static final int PROMPT_POSITIONS = 8192;

    private final Llava model;
    private final CollatorOptions options;
    private final OutputTokens output;
    private final PromptFeed feed;
    private final boolean cache;
    private final LinkedBlockingDeque<Generation> waiting = new LinkedBlockingDeque<>();
    private final List<Generation> running = new ArrayList<>();
    private volatile int atOnce = AT_ONCE;
    private DecoderSteps steps;
    private volatile Thread own;
    private volatile boolean closed;

    /**
     * A generator that works on the threads that ask, one of them at a time.
     *
     * @param options how prompts are laid out; padding must be on the right
     * @param output the tokens that may be generated, and those that end a text
     * @param feed brings the images of prompts
     */
    public Generator(Llava model, CollatorOptions options, OutputTokens output, PromptFeed feed) {
        this(model, options, output, feed, true);
    }

    /** @param cache whether keys and values are kept where that can be; the same tokens come without, later */
    Generator(Llava model, CollatorOptions options, OutputTokens output, PromptFeed feed, boolean cache) {
        this.model = model;
        this.options = options;
        this.output = output;
        this.feed = feed;
        this.cache = cache;
    }

    /** Works on a thread of its own from now on, until it is closed. */
    public synchronized Generator start() {
        if (own == null) {
            own = new Thread(this::turnUntilClosed, "llava4j-generator");
            own.setDaemon(true);
            own.start();
        }
        return this;
    }

    /**
     * Goes on with a text.
     *
     * @param maxNewTokens at most; fewer where the model has no positions for them
     * @throws BadInputException if the prompt alone fills the model's length
     */
    public Generation submit(Prompt prompt, Sampling sampling, int maxNewTokens, TokenListener listener) {
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
    public void atOnce(int texts) {
        atOnce = texts;
    }

    /** How many texts wait for their first token. */
    public int waiting() {
        return waiting.size();
    }

    /**
     * Waits for a text, or goes on with all there are where no thread does.
     *
     * @throws BadInputException if it could not be gone on with
     */
    public Finish await(Generation generation) {
        while (own == null && !generation.done().isDone()) {
            turn();
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

    private void turnUntilClosed() {
        try {
            while (!closed) {
                if (running.isEmpty()) {
                    waiting.putFirst(waiting.takeFirst()); // sleeps until there is one
                }
                turnOrFail();
            }
        } catch (InterruptedException e) {
            closed = true;
        }
        running.forEach(this::cancelled);
        cancelWaiting();
    }

    /** Whatever goes wrong is told to those who wait: nobody else would notice, and the thread is to live on. */
    private void turnOrFail() {
        try {
            turn();
        } catch (RuntimeException | Error e) {
            List.copyOf(running).forEach(generation -> failed(generation, e));
            for (Generation next = waiting.poll(); next != null; next = waiting.poll()) {
                next.done().completeExceptionally(e);
            }
        }
    }

    private void cancelWaiting() {
        for (Generation next = waiting.poll(); next != null; next = waiting.poll()) {
            cancelled(next);
        }
    }

    private void cancelled(Generation generation) {
        generation.done().completeExceptionally(new CancellationException("the model was closed"));
    }

    /** One token for each text. */
    private void turn() {
        if (steps == null) {
            PromptRun prompts = new PromptRun(model, options, feed);
            steps = cache && model.plainDecoder().isPresent()
                    ? new CachedDecoder(model, model.plainDecoder().get(), prompts)
                    : new WholeTexts(prompts);
        }
        running.removeIf(generation -> generation.isCancelled() && ended(generation, Finish.CANCELLED));
        waiting.removeIf(generation -> generation.isCancelled() && ended(generation, Finish.CANCELLED));
        List<Generation> before = List.copyOf(running);
        begin(admitted());
        if (!before.isEmpty()) {
            try {
                take(before, steps.step(before));
            } catch (RuntimeException | Error e) {
                before.forEach(generation -> failed(generation, e));
            }
        }
    }

    private List<Generation> admitted() {
        List<Generation> admitted = new ArrayList<>();
        int longest = 0;
        for (Generation next = waiting.peek(); next != null; next = waiting.peek()) {
            longest = Math.max(longest, next.promptLength());
            boolean fits = running.size() + admitted.size() < atOnce
                    && (admitted.isEmpty() || longest * (admitted.size() + 1) <= PROMPT_POSITIONS);
            if (!fits) {
                break;
            }
            waiting.remove(next);
            admitted.add(next);
        }
        return admitted;
    }

    private void begin(List<Generation> admitted) {
        if (admitted.isEmpty()) {
            return;
        }
        INDArray logits;
        try {
            logits = steps.begin(admitted);
        } catch (RuntimeException | Error e) {
            if (admitted.size() == 1) {
                admitted.forEach(generation -> failed(generation, e));
            } else {
                // One of them is at fault, and the others are not to suffer.
                admitted.forEach(generation -> begin(List.of(generation)));
            }
            return;
        }
        running.addAll(admitted);
        take(admitted, logits);
    }

    private void take(List<Generation> rows, INDArray logits) {
        float[] all = logits.data().asFloat();
        int vocabulary = (int) logits.size(1);
        PooledMemory.forCurrentThread().release(logits);
        for (int row = 0; row < rows.size(); row++) {
            Generation generation = rows.get(row);
            try {
                if (!generation.take(Arrays.copyOfRange(all, row * vocabulary, (row + 1) * vocabulary))) {
                    leave(generation);
                }
            } catch (RuntimeException | Error e) {
                failed(generation, e);
            }
        }
    }

    private void failed(Generation generation, Throwable why) {
        leave(generation);
        generation.done().completeExceptionally(why);
    }

    private boolean ended(Generation generation, Finish finish) {
        steps.end(generation);
        return generation.done().complete(finish);
    }

    private void leave(Generation generation) {
        running.remove(generation);
        if (steps != null) {
            steps.end(generation);
        }
    }

    /** Ends the generator's own thread; texts under way end exceptionally. */
    @Override
    public synchronized void close() {
        closed = true;
        if (own != null) {
            own.interrupt();
        }
        cancelWaiting();
    }
}
