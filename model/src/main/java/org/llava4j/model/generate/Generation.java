package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.model.schema.SchemaSequence;

/**
 * A sequence that is being generated: its prompt, its new tokens and its completion. Any thread may wait for it or
 * cancel it.
 */
public final class Generation {
    private final Prompt prompt;
    private final int promptLength;
    private final DecodingOptions decoding;
    private final int maxNewTokens;
    private final TokenSampler sampler;
    private final @Nullable SchemaSequence schema;
    private final OutputTokens output;
    private final TokenListener listener;
    private final CompletableFuture<FinishReason> done = new CompletableFuture<>();
    private final List<TokenLogprobs> logprobs = new CopyOnWriteArrayList<>();
    private volatile boolean cancelled;
    private volatile int cachedTokens;
    private int[] ids;

    /** Why generation ended. */
    public enum FinishReason {
        /** An end token was generated, the JSON of a schema is complete, or the {@link TokenListener} stopped it. */
        STOP,
        /**
         * The maximum number of new tokens, or the model's context length, was reached. The JSON of a schema is complete
         * nevertheless, but the limit changed it: the most probable token that fits the schema was not taken where the
         * rest of the answer would not have fit.
         */
        LENGTH,
        /** {@link #cancel()} was called. */
        CANCELLED
    }

    /**
     * @param promptLength of the prompt in tokens, image tokens included
     * @param maxNewTokens at most that of {@code decoding}
     * @throws BadInputException if no answer of so many tokens fits the schema
     */
    Generation(
            Prompt prompt,
            int promptLength,
            DecodingOptions decoding,
            OutputTokens output,
            int maxNewTokens,
            TokenListener listener) {
        this.prompt = prompt;
        this.promptLength = promptLength;
        this.maxNewTokens = maxNewTokens;
        this.listener = listener;
        this.output = output;
        this.decoding = decoding;
        schema = decoding.schema() == null
                ? null
                : Objects.requireNonNull(output.schemas(), "a schema needs a tokenizer")
                        .start(decoding.schema(), maxNewTokens);
        sampler = new TokenSampler(decoding.sampling(), output, schema);
        ids = prompt.ids();
    }

    /** Requests cancellation: the sequence ends before its next token and keeps the tokens generated so far. */
    public void cancel() {
        cancelled = true;
    }

    /** Completes after the listener has received the last token; completes exceptionally if generation failed. */
    public CompletableFuture<FinishReason> done() {
        return done;
    }

    /** Length of the prompt in tokens, image tokens included. */
    public int promptLength() {
        return promptLength;
    }

    /**
     * Number of the prompt's tokens whose keys and values came from an earlier sequence. Read it after {@link #done()} has
     * completed.
     */
    public int cachedTokens() {
        return cachedTokens;
    }

    /** The generated token ids, without the end token. Read them after {@link #done()} has completed. */
    public int[] newTokenIds() {
        return Arrays.copyOfRange(ids, prompt.ids().length, ids.length);
    }

    /**
     * Log-probabilities of the tokens generated so far, without the end token; empty if none were asked for. Any thread
     * may read the list while it grows.
     */
    public List<TokenLogprobs> logprobs() {
        return Collections.unmodifiableList(logprobs);
    }

    boolean isCancelled() {
        return cancelled;
    }

    void setCachedTokens(int count) {
        cachedTokens = count;
    }

    Prompt prompt() {
        return prompt;
    }

    int maxNewTokens() {
        return maxNewTokens;
    }

    /** Token ids of prompt and new tokens, with -200 for an image. */
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
     * Samples the next token and appends it.
     *
     * @param logits {@code float32[V]} of the next token; modified
     * @return whether generation continues
     * @throws NonFiniteLogitsException if a logit is NaN or infinite
     */
    boolean accept(float[] logits) {
        boolean recordsLogprobs = decoding.topLogprobs() != DecodingOptions.NO_LOGPROBS;
        float[] ofModel = recordsLogprobs ? logits.clone() : logits;
        int token = sampler.sample(logits, ids, prompt.ids().length);
        if (output.eosIds().contains(token)) {
            done.complete(reasonOfEnd());
            return false;
        }
        if (schema != null) {
            schema.accept(token);
        }
        if (recordsLogprobs) {
            logprobs.add(TokenLogprobs.of(ofModel, output, token, decoding.topLogprobs()));
        }
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = token;
        boolean more = listener.onToken(token) && (schema == null || !schema.isComplete());
        if (!more || newTokenCount() >= maxNewTokens) {
            done.complete(more ? FinishReason.LENGTH : reasonOfEnd());
            return false;
        }
        return true;
    }

    private FinishReason reasonOfEnd() {
        return schema != null && schema.isShortened() ? FinishReason.LENGTH : FinishReason.STOP;
    }
}
