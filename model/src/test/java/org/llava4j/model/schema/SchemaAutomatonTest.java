package org.llava4j.model.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaAutomatonTest {
    private static final byte[][] BYTES = Vocabularies.random(600, 1);
    private static final int EOS = BYTES.length - 1;

    private static JsonSchema schema(String json) {
        return JsonSchema.parse(json.replace('\'', '"'));
    }

    /** Whether an answer is possible, in single bytes. */
    private static boolean accepts(String schema, byte[] answer) {
        SchemaAutomaton automaton = Vocabularies.automaton(schema(schema), BYTES);
        List<Frame> state = automaton.start();
        for (byte b : answer) {
            if (!automaton.mask(state, TokenTrie.INFINITE - 1).allows(b & 0xff)) {
                return false;
            }
            state = automaton.advance(state, b & 0xff);
        }
        return automaton.mask(state, TokenTrie.INFINITE - 1).allows(EOS);
    }

    private static boolean accepts(String schema, String answer) {
        return accepts(schema, answer.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'type': 'integer'} | 0 -1 12 999999999999999 | 01 -0 - 1.0 1e3 1000000000000000 +1",
                "{'type': 'integer', 'maximum': -2000000000000000} | -2000000000000000 -999999999999999999 | -1 -1000000000000000000",
                "{'type': 'integer', 'minimum': 7, 'maximum': 120} | 7 9 10 99 100 120 | 6 0 121 -7 1000 07",
                "{'type': 'integer', 'exclusiveMinimum': -12, 'maximum': -3} | -11 -10 -3 -9 | -12 -2 0 3 -1 -110",
                "{'type': 'integer', 'minimum': -5, 'maximum': 5} | 0 5 -5 -1 | 6 -6 10 -0",
                "{'type': 'integer', 'minimum': 950000000000000000} | 950000000000000000 999999999999999999 | 949999999999999999 95",
                "{'type': 'number'} | 0 -0 1.5 -0.25 1e5 1E-07 2.5e+10 123456789012345 | 01 .5 1. 1e 1e100 -",
                "{'enum': [1, 12, 'a', null]} | 1 12 \"a\" null | 2 a 123 nul",
                "{'type': 'boolean'} | true false | null t",
                "{'type': ['integer', 'null']} | 3 null | \"\"",
                "{'type': 'array', 'items': {'type': 'integer'}, 'minItems': 1, 'maxItems': 2} | [1] [1,2] | [] [1,2,3] [1,] [,1]",
                "{'type': 'array', 'maxItems': 0} | [] | [1]",
                "{'type': 'object', 'properties': {'a': {}, 'b': {}, 'c': {}}, 'required': ['b']} | {\"b\":1} {\"a\":1,\"b\":2,\"c\":3} {\"b\":1,\"c\":2} | {} {\"a\":1} {\"c\":1} {\"b\":1,\"a\":2} {\"b\":1,\"b\":2} {\"b\":1,}",
                "{'type': 'object', 'properties': {}} | {} {\"a\":1} {\"a\":{\"b\":[]}} | [] {\"a\"}",
                "{'type': 'object', 'properties': {}, 'required': [], 'additionalProperties': {'type': 'null'}} | {} {\"a\":null} | {\"a\":1}",
                "{'type': 'object', 'properties': {}, 'additionalProperties': false} | {} | {\"a\":1}",
                "{'type': 'object', 'additionalProperties': {'type': 'null'}} | {} {\"x\":null,\"x\":null} | {\"a\":1}",
                "{'type': 'object'} | {} {\"a\":{\"b\":[1,true,null,\"x\"]}} | [] 1"
            })
    void valuesAreAcceptedOrNot(String schema, String accepted, String rejected) {
        for (String answer : accepted.split(" ")) {
            assertThat(accepts(schema, answer)).as(answer).isTrue();
        }
        for (String answer : rejected.split(" ")) {
            assertThat(accepts(schema, answer)).as(answer).isFalse();
        }
    }

    @Test
    void spacesAreLimited() {
        String schema = "{'type': 'object', 'properties': {'a': {'type': 'array', 'items': {'type': 'null'}}}}";
        assertThat(accepts(schema, "{\"a\":[null,null]}")).isTrue();
        assertThat(accepts(schema, " {\"a\": [null, null]}")).isTrue();
        for (String answer : List.of(
                "  {}",
                "{ }",
                "{} ",
                "{\"a\" :[]}",
                "{\"a\":  []}",
                "{\"a\":[ null]}",
                "{\"a\":[null,  null]}",
                "{\"a\":[]\n}")) {
            assertThat(accepts(schema, answer)).as(answer).isFalse();
        }
    }

    @Test
    void stringsAreValidUnicode() {
        String schema = "{'type': 'string'}";
        for (String answer : List.of("\"\"", "\"é東😀\u007f\"", "\"\\n\\\"\\\\\\/\\u0041\\ud7ff\\uE000\"")) {
            assertThat(accepts(schema, answer)).as(answer).isTrue();
        }
        for (String answer :
                List.of("\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\\udc00\"", "\"\\uDFFF\"", "\"a", "a\"")) {
            assertThat(accepts(schema, answer)).as(answer).isFalse();
        }
        int[][] invalid = {
            {0x80},
            {0xC0, 0x80},
            {0xC1, 0xBF},
            {0xE0, 0x9F, 0xBF},
            {0xED, 0xA0, 0x80},
            {0xF0, 0x8F, 0xBF, 0xBF},
            {0xF4, 0x90, 0x80, 0x80},
            {0xF5, 0x80, 0x80, 0x80},
            {0xC3},
            {0xE2, 0x82},
            {0xC3, 'a'}
        };
        for (int[] bytes : invalid) {
            byte[] answer = new byte[bytes.length + 2];
            answer[0] = '"';
            answer[answer.length - 1] = '"';
            for (int i = 0; i < bytes.length; i++) {
                answer[i + 1] = (byte) bytes[i];
            }
            assertThat(accepts(schema, answer)).isFalse();
        }
    }

    @Test
    void lengthsCountCharacters() {
        String schema = "{'type': 'string', 'minLength': 2, 'maxLength': 3}";
        for (String answer : List.of("\"ab\"", "\"😀😀😀\"", "\"\\n\\u0041é\"")) {
            assertThat(accepts(schema, answer)).as(answer).isTrue();
        }
        for (String answer : List.of("\"a\"", "\"😀\"", "\"abcd\"", "\"\\n\\n\\n\\n\"", "\"ééé😀\"")) {
            assertThat(accepts(schema, answer)).as(answer).isFalse();
        }
    }

    @Test
    void nestingIsLimited() {
        String schema = "{'type': 'array'}";
        assertThat(accepts(schema, "[".repeat(32) + "]".repeat(32))).isTrue();
        assertThat(accepts(schema, "[".repeat(33) + "]".repeat(33))).isFalse();
    }

    @Test
    void alternativesThatBeginAlikeStayOpen() {
        String a =
                "{'type': 'object', 'properties': {'k': {'const': 'a'}, 'x': {'type': 'integer'}}, 'required': ['k', 'x']}";
        String b =
                "{'type': 'object', 'properties': {'k': {'type': 'string'}, 'y': {'type': 'null'}}, 'required': ['k', 'y']}";
        String schema = "{'anyOf': [" + a + ", " + b + "]}";
        assertThat(accepts(schema, "{\"k\":\"a\",\"x\":1}")).isTrue();
        assertThat(accepts(schema, "{\"k\":\"a\",\"y\":null}")).isTrue();
        assertThat(accepts(schema, "{\"k\":\"b\",\"y\":null}")).isTrue();
        assertThat(accepts(schema, "{\"k\":\"b\",\"x\":1}")).isFalse();
        assertThat(accepts(schema, "{\"k\":\"a\",\"y\":1}")).isFalse();
    }

    /** Alternatives of alternatives, of which far more than are followed begin alike. */
    @Test
    void droppedAlternativesLeaveAnAnswer() {
        String levels = IntStream.range(0, 3)
                .mapToObj(level -> "'" + level + "': {'anyOf': [" + arrays(level) + "]}")
                .collect(Collectors.joining(", "));
        SchemaAutomaton automaton =
                Vocabularies.automaton(schema("{'$ref': '#/$defs/2', '$defs': {" + levels + "}}"), BYTES);
        SplittableRandom random = new SplittableRandom(5);
        int most = 0;
        for (int answer = 0; answer < 200; answer++) {
            List<Frame> state = automaton.start();
            int remaining = SchemaAutomaton.cost(state) + random.nextInt(12);
            while (!state.stream().allMatch(Frame::isEnd)) {
                TokenMask mask = automaton.mask(state, --remaining);
                int[] allowed = IntStream.range(0, EOS).filter(mask::allows).toArray();
                assertThat(allowed).isNotEmpty();
                state = automaton.advance(state, allowed[random.nextInt(allowed.length)]);
                most = Math.max(most, state.size());
            }
            assertThat(remaining).isNotNegative();
        }
        assertThat(most).isEqualTo(Frames.MAX_SIZE);
    }

    private static String arrays(int level) {
        return IntStream.range(0, 20)
                .mapToObj(i -> "{'type': 'array', 'minItems': " + (i * 7 % 3 + 1) + ", 'items': "
                        + (level == 0
                                ? "{'type': 'string', 'minLength': " + (i * 11 + 4) % 20 + "}"
                                : "{'$ref': '#/$defs/" + (level - 1) + "'}")
                        + "}")
                .collect(Collectors.joining(", "));
    }

    @Test
    void costIsReachedWithExactlySoManyTokens() {
        SchemaAutomaton automaton = Vocabularies.automaton(
                schema(
                        "{'type': 'object', 'properties': {'abc': {'type': 'string', 'minLength': 9}, 'x': {'enum': ['no', 'yes']},"
                                + " 'n': {'type': 'integer', 'minimum': 250}}, 'required': ['abc', 'x', 'n']}"),
                BYTES);
        List<Frame> state = automaton.start();
        int cost = SchemaAutomaton.cost(state);
        assertThat(cost).isBetween(20, 45);
        for (int remaining = cost; remaining > 0; remaining--) {
            TokenMask mask = automaton.mask(state, remaining - 1);
            int token = 0;
            while (!mask.allows(token)) {
                token++;
            }
            state = automaton.advance(state, token);
            assertThat(SchemaAutomaton.cost(state)).isEqualTo(remaining - 1);
        }
        assertThat(state).allMatch(Frame::isEnd);
    }

    @Test
    void sequenceRefusesTooFewTokens() {
        SchemaAutomaton automaton = Vocabularies.automaton(schema("{'const': 'no such word'}"), BYTES);
        int needed = SchemaAutomaton.cost(automaton.start());
        assertThat(new SchemaSequence(automaton, needed).isComplete()).isFalse();
        assertThatThrownBy(() -> new SchemaSequence(automaton, needed - 1))
                .isInstanceOf(TokenLimitException.class)
                .hasMessageContaining("may have " + (needed - 1) + " tokens")
                .hasMessageContaining("needs " + needed);
    }

    @Test
    void sequenceMasksAndReportsShorterAnswers() {
        SchemaAutomaton automaton = Vocabularies.automaton(schema("{'type': 'string'}"), BYTES);
        SchemaSequence sequence = new SchemaSequence(automaton, 4);
        for (char c : "\"xx".toCharArray()) {
            float[] logits = new float[BYTES.length];
            logits['x'] = 3;
            sequence.mask(logits);
            assertThat(logits[c]).isEqualTo(c == 'x' ? 3 : 0);
            assertThat(logits[EOS]).isEqualTo(-Float.MAX_VALUE);
            sequence.accept(c);
            assertThat(sequence.isShortened()).isFalse();
        }
        float[] logits = new float[BYTES.length];
        logits['x'] = 3;
        sequence.mask(logits);
        assertThat(logits['x']).isEqualTo(-Float.MAX_VALUE);
        assertThat(logits['"']).isZero();
        assertThat(sequence.isShortened()).isTrue();
        assertThatThrownBy(() -> sequence.accept('\n')).isInstanceOf(IllegalStateException.class);
        sequence.accept('"');
        assertThat(sequence.isComplete()).isTrue();
    }

    @Test
    void vocabularyMustSpellTheSchema() {
        List<byte[]> tokens = new ArrayList<>();
        for (String token : List.of("\"", "a", "bc", "{", "}", ":", ",", "[", "]", "\":", "é", "1")) {
            tokens.add(token.getBytes(StandardCharsets.UTF_8));
        }
        byte[][] vocabulary = tokens.toArray(byte[][]::new);
        TokenTrie trie = new TokenTrie(vocabulary);
        SchemaAutomaton possible = new SchemaAutomaton(
                schema(
                        "{'type': 'object', 'properties': {'abc': {'type': 'string', 'minLength': 2}}, 'required': ['abc']}"),
                trie,
                Set.of());
        assertThat(SchemaAutomaton.cost(possible.start())).isEqualTo(9); // { " a bc ": " bc " }
        for (String impossible : List.of(
                "{'const': 'abb'}",
                "{'type': 'integer'}",
                "{'type': 'object', 'properties': {'b': {}}}",
                "{'type': 'boolean'}",
                "{'type': 'array', 'items': {'type': 'number'}}")) {
            assertThatThrownBy(() -> new SchemaAutomaton(schema(impossible), trie, Set.of()))
                    .isInstanceOf(SchemaException.class)
                    .hasMessageContaining("cannot spell");
        }
        // An é cannot be begun by single bytes that the vocabulary does not have.
        SchemaAutomaton text = new SchemaAutomaton(schema("{'type': 'string'}"), trie, Set.of());
        TokenMask mask = text.mask(text.advance(text.start(), 0), TokenTrie.INFINITE - 1);
        assertThat(mask.allows(10)).isTrue();
    }

    @Test
    void masksAreSharedBetweenEquivalentStates() {
        byte[][] vocabulary = Vocabularies.random(5000, 2);
        SchemaAutomaton automaton = Vocabularies.automaton(schema("{'type': 'string', 'maxLength': 1000}"), vocabulary);
        List<Frame> state = automaton.advance(automaton.start(), '"');
        TokenMask first = automaton.mask(state, TokenTrie.INFINITE - 1);
        for (int i = 0; i < 500; i++) {
            state = automaton.advance(state, 'a');
            assertThat(automaton.mask(state, TokenTrie.INFINITE - 1)).isSameAs(first);
        }
        assertThat(automaton.cachedMasks()).isEqualTo(1);
        for (int i = 500; i < 1000; i++) {
            state = automaton.advance(state, 'a');
            automaton.mask(state, TokenTrie.INFINITE - 1);
        }
        assertThat(automaton.cachedMasks()).isBetween(2, 20);
        assertThat(automaton.mask(state, TokenTrie.INFINITE - 1).allows('a')).isFalse();
    }
}
