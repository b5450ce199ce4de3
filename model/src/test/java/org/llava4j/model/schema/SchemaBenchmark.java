package org.llava4j.model.schema;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Processor time and memory of masks: {@code mvn -Pslow -pl model -am test -Dtest=SchemaBenchmark -Dllava4j.tokenizer=FILE}, where the
 * file has a vocabulary; without it, a synthetic one of 32,000 tokens.
 */
@Tag("slow")
class SchemaBenchmark {
    private static final ThreadMXBean THREAD = ManagementFactory.getThreadMXBean();
    private static final String OBJECT =
            "{'type': 'object', 'properties': {'name': {'type': 'string'}, 'size': {'type': 'integer'},"
                    + " 'colour': {'enum': ['red', 'green', 'blue']}, 'price': {'type': 'number'}, 'tags': {'type': 'array', 'items':"
                    + " {'type': 'string', 'maxLength': 30}}}, 'required': ['name', 'size', 'colour', 'price', 'tags']}";

    private static SchemaDecoding decoding(LlamaTokenizer tokenizer) {
        return new SchemaDecoding(tokenizer, tokenizer.size(), Set.of(tokenizer.eosId()));
    }

    @Test
    void masks() {
        String file = System.getProperty("llava4j.tokenizer", "");
        long start = THREAD.getCurrentThreadCpuTime();
        TokenTrie trie;
        if (file.isEmpty()) {
            trie = new TokenTrie(Vocabularies.random(32_000, 1));
        } else {
            LlamaTokenizer tokenizer = LlamaTokenizer.load(Path.of(file));
            start = THREAD.getCurrentThreadCpuTime();
            trie = decoding(tokenizer).vocabulary();
        }
        System.out.printf(
                "%d ids, trie in %d ms%n",
                trie.vocabularySize(), (THREAD.getCurrentThreadCpuTime() - start) / 1_000_000);
        Map<String, String> schemas = new LinkedHashMap<>();
        schemas.put("object", OBJECT);
        schemas.put("any object", "{'type': 'object'}");
        schemas.put(
                "31 overlapping strings",
                "{'anyOf': ["
                        + String.join(
                                ", ",
                                IntStream.range(40, 71)
                                        .mapToObj(i -> "{'type': 'string', 'maxLength': " + i + "}")
                                        .toList())
                        + "]}");
        Map<String, String> answers = Map.of(
                "object",
                        "{\"name\": \"a small house\", \"size\": 1234, \"colour\": \"green\", \"price\": 12.5, \"tags\": [\"old\", \"on a hill\"]}",
                "any object", "{\"a\": {\"b\": [1, 2.5, \"some text of it\", null, {\"c\": \"x\"}]}}",
                "31 overlapping strings", "\"some text of it\"");
        for (int round = 0; round < 6; round++) {
            schemas.forEach((name, schema) -> measure(name, schema, answers.get(name), trie));
        }
    }

    private static void measure(String name, String schema, String answer, TokenTrie trie) {
        long start = THREAD.getCurrentThreadCpuTime();
        JsonSchema parsed = JsonSchema.parse(schema.replace('\'', '"'));
        SchemaAutomaton automaton = new SchemaAutomaton(parsed, trie, Set.of(2));
        long compiled = THREAD.getCurrentThreadCpuTime() - start;
        int[] singles = new int[128];
        for (int id = 0; id < trie.vocabularySize(); id++) {
            if (trie.bytes(id).length == 1 && trie.bytes(id)[0] >= 0) {
                singles[trie.bytes(id)[0]] = id;
            }
        }
        List<Double> first = new ArrayList<>();
        List<Double> again = new ArrayList<>();
        for (List<Double> micros : List.of(first, again, again)) {
            SchemaSequence sequence = new SchemaSequence(automaton, 1000);
            for (char c : answer.toCharArray()) {
                float[] logits = new float[trie.vocabularySize()];
                start = THREAD.getCurrentThreadCpuTime();
                sequence.mask(logits);
                sequence.accept(singles[c]);
                micros.add((THREAD.getCurrentThreadCpuTime() - start) / 1e3);
            }
        }
        System.out.printf(
                "%s: compile %.1f ms; first masks: median %.0f us, max %.0f us; again: median %.0f us, max %.0f us; %d masks cached, %d KB%n",
                name,
                compiled / 1e6,
                median(first),
                max(first),
                median(again),
                max(again),
                automaton.cachedMasks(),
                automaton.cachedMasks() * (trie.vocabularySize() / 8) / 1024);
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static double max(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }
}
