package org.llava4j.model.schema;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: JSON schemas of answers, and the first tokens of an answer. */
class SchemaFuzzTargetTest {
    private static final byte[][] VOCABULARY = Vocabularies.random(400, 1);
    private static final int MAX_TOKENS = 200;
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "schema", 500);

    static Stream<Arguments> seeds() {
        return FuzzSeeds.texts(
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":3},"
                        + "\"b\":{\"enum\":[\"x\",null,1.5]}},\"required\":[\"a\"],\"additionalProperties\":false}",
                "{\"$ref\":\"#/$defs/a~1b\",\"$defs\":{\"a/b\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"$ref\":\"#\"},"
                        + "{\"const\":true}]},\"minItems\":1,\"maxItems\":4}}}",
                "{\"type\":[\"integer\",\"null\"],\"minimum\":-5,\"exclusiveMaximum\":100,\"title\":\"t\"}",
                "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void compile(byte[] bytes) throws Exception {
        String text = new String(bytes, StandardCharsets.UTF_8);
        ORACLE.accepts(() -> {
            SchemaAutomaton automaton = Vocabularies.automaton(JsonSchema.parse(text), VOCABULARY);
            SchemaSequence answer = new SchemaSequence(automaton, MAX_TOKENS);
            for (int i = 0; i < 5 && !answer.isComplete(); i++) {
                float[] logits = new float[VOCABULARY.length];
                answer.mask(logits);
                answer.accept(firstAllowed(logits));
            }
        });
    }

    private static int firstAllowed(float[] logits) {
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] == 0) {
                return id;
            }
        }
        throw new AssertionError("no token is allowed");
    }
}
