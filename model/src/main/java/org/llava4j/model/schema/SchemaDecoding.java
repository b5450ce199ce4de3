package org.llava4j.model.schema;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.StreamingDecoder;

/**
 * Schema-constrained decoding with the vocabulary of a model. Caches the automata of the schemas that were used last, with
 * their masks. Thread-safe.
 */
public final class SchemaDecoding {
    /** Maximum number of automata, each of which caches a few megabytes of masks. */
    private static final int MAX_AUTOMATA = 16;

    private final LlamaTokenizer tokenizer;
    private final int size;
    private final Set<Integer> eosIds;
    private final Map<JsonSchema, SchemaAutomaton> automata = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<JsonSchema, SchemaAutomaton> eldest) {
            return size() > MAX_AUTOMATA;
        }
    };
    private @Nullable TokenTrie vocabulary;

    /**
     * @param size ids below this may be generated
     * @param eosIds end tokens
     */
    public SchemaDecoding(LlamaTokenizer tokenizer, int size, Set<Integer> eosIds) {
        this.tokenizer = tokenizer;
        this.size = size;
        this.eosIds = eosIds.stream().filter(id -> id < size).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Starts an answer.
     *
     * @param maxTokens maximum number of tokens of the answer, without the end token
     * @throws BadInputException if the tokenizer cannot spell the schema's answers, or the shortest has more than
     *     {@code maxTokens} tokens
     */
    public SchemaSequence start(JsonSchema schema, int maxTokens) {
        return new SchemaSequence(automaton(schema), maxTokens);
    }

    private synchronized SchemaAutomaton automaton(JsonSchema schema) {
        SchemaAutomaton automaton = automata.get(schema);
        if (automaton == null) {
            automaton = new SchemaAutomaton(schema, vocabulary(), eosIds);
            automata.put(schema, automaton);
        }
        return automaton;
    }

    synchronized TokenTrie vocabulary() {
        TokenTrie trie = vocabulary;
        if (trie == null) {
            trie = new TokenTrie(texts());
            vocabulary = trie;
        }
        return trie;
    }

    /**
     * The bytes of each token; empty for end tokens and for all tokens that the decoder does not turn into exactly their
     * bytes wherever they occur inside a text, such as special tokens.
     */
    private byte[][] texts() {
        int[] before = tokenizer.encode("a");
        int[] after = tokenizer.encode(" b");
        byte[][] texts = new byte[size][];
        Arrays.setAll(texts, id -> new byte[0]);
        String start = decode(before);
        String end = decode(before, after).substring(start.length());
        for (int id = 0; id < size; id++) {
            if (tokenizer.isDefined(id) && !eosIds.contains(id)) {
                byte[] bytes = tokenizer.tokenBytes(id);
                String text = new String(bytes, StandardCharsets.UTF_8);
                if (decode(before, new int[] {id}, after).equals(start + text + end)) {
                    texts[id] = bytes;
                }
            }
        }
        return texts;
    }

    private String decode(int[]... parts) {
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        StringBuilder text = new StringBuilder();
        for (int[] part : parts) {
            for (int id : part) {
                text.append(decoder.next(id));
            }
        }
        return text.append(decoder.finish()).toString();
    }
}
