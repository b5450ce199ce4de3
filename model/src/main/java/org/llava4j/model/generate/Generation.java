package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/** One text that is being gone on with. Any thread may wait for it or cancel it. */
public final class Generation {
    private final Prompt prompt;
    private final int length;
    private final int maxNewTokens;
    private final Sampler sampler;
    private final OutputTokens output;
    private final TokenListener listener;
    private final CompletableFuture<Finish> done = new CompletableFuture<>();
    private volatile boolean cancelled;
    private int[] text;

    /** Why a text ends. */
    public enum Finish {
        /** Its end token came, or its listener wants no more. */
        STOP,
        /** It has as many tokens as were wanted, or as the model has positions for. */
        LENGTH,
        /** Somebody cancelled it. */
        CANCELLED
    }

    /** @param length of the prompt with its images in it */
    Generation(
            Prompt prompt,
            int length,
            Sampling sampling,
            OutputTokens output,
            int maxNewTokens,
            TokenListener listener) {
        this.prompt = prompt;
        this.length = length;
        this.maxNewTokens = maxNewTokens;
        this.listener = listener;
        this.output = output;
        sampler = new Sampler(sampling, output);
        text = prompt.ids();
    }

    /** Ends with what has been said, soon. */
    public void cancel() {
        cancelled = true;
    }

    /** Completes when the last token has been heard, exceptionally where the text could not be gone on with. */
    public CompletableFuture<Finish> done() {
        return done;
    }

    /** How many positions the prompt takes. */
    public int promptLength() {
        return length;
    }

    /** The new tokens so far, without the end token; to be read when it is done. */
    public int[] tokens() {
        return Arrays.copyOfRange(text, prompt.ids().length, text.length);
    }

    boolean isCancelled() {
        return cancelled;
    }

    Prompt prompt() {
        return prompt;
    }

    int maxNewTokens() {
        return maxNewTokens;
    }

    /** Prompt and new tokens. */
    int[] text() {
        return text;
    }

    int lastToken() {
        return text[text.length - 1];
    }

    private int newTokens() {
        return text.length - prompt.ids().length;
    }

    /**
     * Takes one more token.
     *
     * @param logits {@code float32[V]} of what follows; changed
     * @return whether it goes on
     * @throws NonFiniteLogitsException if a logit is NaN or infinite
     */
    boolean take(float[] logits) {
        int token = sampler.next(logits, text);
        if (output.eosIds().contains(token)) {
            done.complete(Finish.STOP);
            return false;
        }
        text = Arrays.copyOf(text, text.length + 1);
        text[text.length - 1] = token;
        boolean more = listener.token(token);
        if (!more || newTokens() >= maxNewTokens) {
            done.complete(more ? Finish.LENGTH : Finish.STOP);
            return false;
        }
        return true;
    }
}
