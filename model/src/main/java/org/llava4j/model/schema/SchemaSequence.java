package org.llava4j.model.schema;

import java.util.List;
import org.llava4j.data.BadInputException;

/**
 * State of one answer that is constrained to a schema: masks the logits of the tokens that cannot follow, so that the
 * answer is JSON that fits the schema whenever it ends. When few tokens remain, it also masks those after which the answer
 * could not be completed. Not thread-safe.
 */
public final class SchemaSequence {
    /** Logit of a masked id: finite, and so low that its probability is 0. */
    private static final float MASKED = -Float.MAX_VALUE;

    /** No logit of another id is lower. */
    private static final float LOWEST = MASKED / 2;

    private static final int ANY_COST = TokenTrie.INFINITE - 1;

    private final SchemaAutomaton automaton;
    private List<Frame> state;
    private int remaining;
    private boolean shortened;

    /** @throws BadInputException if the shortest answer has more than {@code maxTokens} tokens */
    SchemaSequence(SchemaAutomaton automaton, int maxTokens) {
        this.automaton = automaton;
        state = automaton.start();
        remaining = maxTokens;
        if (SchemaAutomaton.cost(state) > maxTokens) {
            throw new TokenLimitException(maxTokens, SchemaAutomaton.cost(state));
        }
    }

    /**
     * Masks the tokens that cannot follow.
     *
     * @param logits {@code float32[V]} of the next token, with penalties and biases, all of them finite; modified
     */
    public void mask(float[] logits) {
        TokenMask fitting = automaton.mask(state, ANY_COST);
        TokenMask allowed = fitting.maxCost() < remaining ? fitting : automaton.mask(state, remaining - 1);
        float best = MASKED;
        float bestBarred = MASKED;
        for (int id = 0; id < automaton.vocabularySize(); id++) {
            if (allowed.allows(id)) {
                logits[id] = Math.max(logits[id], LOWEST);
                best = Math.max(best, logits[id]);
            } else {
                bestBarred = fitting.allows(id) ? Math.max(bestBarred, logits[id]) : bestBarred;
                logits[id] = MASKED;
            }
        }
        if (best == MASKED) {
            throw new IllegalStateException("no token can follow in an answer of a schema");
        }
        shortened |= bestBarred > best;
    }

    /** Appends a token other than an end token. */
    public void accept(int token) {
        state = automaton.advance(state, token);
        remaining--;
    }

    /** Whether the answer is complete and nothing can follow. */
    public boolean isComplete() {
        return state.stream().allMatch(Frame::isEnd);
    }

    /**
     * Whether the limit of tokens changed the answer: a token that fits the schema was more probable than all others, and
     * was masked because too few tokens remained.
     */
    public boolean isShortened() {
        return shortened;
    }
}
