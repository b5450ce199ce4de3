package org.llava4j.model.generate;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.schema.SchemaDecoding;

/**
 * Token ids that a model may generate. The LM head often has more rows than its tokenizer has tokens (padding to a
 * multiple of 64); the logits of such rows are masked, so that they are never chosen.
 *
 * @param size ids from 0 (inclusive) to this (exclusive) may be generated
 * @param undefined ids below {@code size} that have no token
 * @param eosIds ids that end a sequence and are not part of it ({@code eos_token_id}); ids outside of {@code size}
 *     never occur
 * @param schemas constrains answers to schemas; null without a tokenizer, which then is not possible
 */
public record OutputTokens(
        int size,
        Set<Integer> undefined,
        Set<Integer> eosIds,
        @Nullable SchemaDecoding schemas) {

    /** @throws BadInputException if there is no id that may be generated */
    public OutputTokens {
        undefined = Set.copyOf(undefined);
        eosIds = Set.copyOf(eosIds);
        if (size <= undefined.size()) {
            throw new BadInputException(
                    "the model has no token to generate; tokenizer and model do not belong together");
        }
    }

    /** Tokens without a tokenizer. */
    OutputTokens(int size, Set<Integer> undefined, Set<Integer> eosIds) {
        this(size, undefined, eosIds, null);
    }

    /** All ids of a vocabulary. */
    static OutputTokens of(int size, Set<Integer> eosIds) {
        return new OutputTokens(size, Set.of(), eosIds);
    }

    /**
     * The tokens of a tokenizer for which the LM head has a row.
     *
     * @param vocabSize rows of the LM head, V
     * @param eosIds end tokens of the model folder; the tokenizer's own end token is added
     */
    public static OutputTokens of(LlamaTokenizer tokenizer, int vocabSize, Set<Integer> eosIds) {
        int size = Math.min(tokenizer.size(), vocabSize);
        Set<Integer> undefined = new TreeSet<>();
        for (int id = 0; id < size; id++) {
            if (!tokenizer.isDefined(id)) {
                undefined.add(id);
            }
        }
        Set<Integer> ends = new TreeSet<>(eosIds);
        ends.add(tokenizer.eosId());
        return new OutputTokens(size, undefined, ends, new SchemaDecoding(tokenizer, size, ends));
    }
}
