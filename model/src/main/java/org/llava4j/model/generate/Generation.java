package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/** One text that is being gone on with. Any thread may wait for it or cancel it. */
public final class Generation {
    private final Prompt prompt;
    private final int promptLength;
    private final int maxNewTokens;
    private final TokenSampler sampler;
    private final OutputTokens output;
    private final TokenListener listener;
    private final CompletableFuture<FinishReason> done = new CompletableFuture<>();
    private volatile boolean cancelled;
    private int[] ids;

    /** Why a text ends. */
    public enum FinishReason {
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
            SamplingOptions sampling,
            OutputTokens output,
            int maxNewTokens,
            TokenListener listener) {
        this.prompt = prompt;
        this.promptLength = length;
        this.maxNewTokens = maxNewTokens;
        this.listener = listener;
        this.output = output;
        sampler = new TokenSampler(sampling, output);
        ids = prompt.ids();
    }

    /** Ends with what has been said, soon. */
    public void cancel() {
        cancelled = true;
    }

    /** Completes when the last token has been heard, exceptionally where the text could not be gone on with. */
    public CompletableFuture<FinishReason> done() {
        return done;
    }

    /** How many positions the prompt takes. */
    public int promptLength() {
        return promptLength;
    }

    /** The new tokens so far, without the end token; to be read when it is done. */
    public int[] newTokenIds() {
        return Arrays.copyOfRange(ids, prompt.ids().length, ids.length);
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
    int[] ids() {
        return ids;
    }

    int lastToken() {
        return ids[ids.length - 1];
    }

    private int newTokenCount() {
        return ids.length - prompt.ids().length;
    }

    /**
     * Takes one more token.
     *
     * @param logits {@code float32[V]} of what follows; changed
     * @return whether it goes on
     * @throws NonFiniteLogitsException if a logit is NaN or infinite
     */
    boolean accept(float[] logits) {
        int token = sampler.sample(logits, ids);
        if (output.eosIds().contains(token)) {
            done.complete(FinishReason.STOP);
            return false;
        }
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = token;
        boolean more = listener.onToken(token);
        if (!more || newTokenCount() >= maxNewTokens) {
            done.complete(more ? FinishReason.LENGTH : FinishReason.STOP);
            return false;
        }
        return true;
    }
}
