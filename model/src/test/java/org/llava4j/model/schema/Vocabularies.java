package org.llava4j.model.schema;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Synthetic vocabularies, and sequences over them. */
public final class Vocabularies {
    private static final String[] PIECES = {
        "\"", "{\"", "\":", "\",", "\"}", " \"", "\":\"", "\",\"", "{", "}", "[", "]", "]]", "[[", "}}", "},", "}, {\"",
        ",", ":", " ", "\\", "\\\"", "\\n", "\\u", "\\\\", "é", "ö", "東京", "😀", "true", "null", "false", "-1", "0.",
        "00", "12", "e", "E+", "\n", "\t", " {", "\u007F", "\uFFFD", "\"]", "[]", "{}", "\"\""
    };

    private Vocabularies() {}

    /**
     * A vocabulary of the 256 bytes, JSON's punctuation, characters of several bytes and random words, with an end token
     * and a token without text at its end.
     *
     * @param size number of ids
     */
    public static byte[][] random(int size, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Set<String> words = new LinkedHashSet<>(List.of(PIECES));
        while (words.size() < size - 258) {
            StringBuilder word = new StringBuilder(random.nextBoolean() ? " " : "");
            for (int i = random.nextInt(9); i >= 0; i--) {
                word.appendCodePoint(random.nextInt(20) == 0 ? 0x20 + random.nextInt(0x500) : 'a' + random.nextInt(26));
            }
            words.add(word.toString());
        }
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        words.forEach(word -> tokens.add(word.getBytes(StandardCharsets.UTF_8)));
        while (tokens.size() < size) {
            tokens.add(new byte[0]);
        }
        return tokens.toArray(byte[][]::new);
    }

    /** The automaton of a schema over a vocabulary, whose last id is the end token. */
    static SchemaAutomaton automaton(JsonSchema schema, byte[][] vocabulary) {
        return new SchemaAutomaton(schema, new TokenTrie(vocabulary), Set.of(vocabulary.length - 1));
    }

    /** Starts sequences of a schema over a vocabulary, whose last id is the end token. */
    public static final class Sequences {
        private final SchemaAutomaton automaton;

        public Sequences(JsonSchema schema, byte[][] vocabulary) {
            automaton = automaton(schema, vocabulary);
        }

        /** Number of tokens that are enough. */
        public int minTokens() {
            return SchemaAutomaton.cost(automaton.start());
        }

        public SchemaSequence start(int maxTokens) {
            return new SchemaSequence(automaton, maxTokens);
        }
    }
}
