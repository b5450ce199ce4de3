package org.llava4j.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.schema.RandomSchemas;
import org.llava4j.model.schema.SchemaSequence;
import org.llava4j.model.schema.TokenLimitException;
import org.llava4j.model.schema.Vocabularies;

/** Answers of random schemas with random logits, through the sampler, against an independent validator. */
class SchemaSamplingTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final SchemaRegistry VALIDATORS =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private int shortened;
    private int ended;

    /**
     * Samples answers.
     *
     * @param start a sequence of a number of tokens
     * @param bytes of a token id
     * @param text of token ids
     */
    private void check(
            JsonNode json,
            int answers,
            OutputTokens output,
            IntFunction<SchemaSequence> start,
            IntFunction<byte[]> bytes,
            Function<int[], String> text,
            SplittableRandom random) {
        Schema validator = VALIDATORS.getSchema(json);
        BitSet structural = new BitSet();
        IntStream.range(0, output.size())
                .filter(id -> new String(bytes.apply(id), StandardCharsets.UTF_8).matches(".*[\"{}\\[\\]:,\\\\].*"))
                .forEach(structural::set);
        float[] noise = new float[3 * output.size() + 7];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) ((random.nextDouble() + random.nextDouble() - 1) * 20);
        }
        for (int answer = 0; answer < answers; answer++) {
            int maxTokens = minTokens(start) + (answer % 3 == 0 ? 0 : random.nextInt(answer % 3 == 1 ? 12 : 120));
            SchemaSequence schema = start.apply(maxTokens);
            boolean likesStructure = random.nextInt(3) > 0;
            TokenSampler sampler = new TokenSampler(options(random, output.size()), output, schema);
            int[] ids = new int[0];
            boolean end = false;
            while (!end && !schema.isComplete() && ids.length < maxTokens) {
                int offset = random.nextInt(noise.length - output.size());
                float[] logits = Arrays.copyOfRange(noise, offset, offset + output.size());
                if (likesStructure) {
                    structural.stream().forEach(id -> logits[id] += 15);
                }
                int token = sampler.sample(logits, ids, 0);
                end = output.eosIds().contains(token);
                if (!end) {
                    schema.accept(token);
                    ids = Arrays.copyOf(ids, ids.length + 1);
                    ids[ids.length - 1] = token;
                }
            }
            shortened += schema.isShortened() ? 1 : 0;
            ended += end ? 1 : 0;
            String answerText = text.apply(ids);
            assertThat(validator.validate(read(answerText)))
                    .as("schema %s, at most %s tokens: %s", json, maxTokens, answerText)
                    .isEmpty();
        }
    }

    private static int minTokens(IntFunction<SchemaSequence> start) {
        for (int max = 1; ; max++) {
            try {
                assertThat(start.apply(max).isShortened()).isFalse();
                return max;
            } catch (TokenLimitException e) {
                assertThat(max).isLessThan(5000);
            }
        }
    }

    private static JsonNode read(String text) {
        try {
            return JSON.readTree(text);
        } catch (Exception e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    private static SamplingOptions options(SplittableRandom random, int size) {
        double temperature = random.nextInt(3);
        SamplingOptions options = SamplingOptions.at(temperature, random.nextLong());
        return switch (random.nextInt(5)) {
            case 0 -> options.withTopK(1 + random.nextInt(3));
            case 1 -> options.withTopP(0.3).withMinP(0.1);
            case 2 -> options.withPenalties(new SamplingOptions.Penalties(100, 2, 2));
            case 3 ->
                options.withLogitBias(
                        Map.of(random.nextInt(size / 2), 100.0, size / 2 + random.nextInt(size / 2), -100.0));
            default -> options;
        };
    }

    private void checkTokenizer(Path file, int schemas, int answers, long seed) {
        LlamaTokenizer tokenizer = LlamaTokenizer.load(ROOT.resolve(file));
        OutputTokens output = OutputTokens.of(tokenizer, tokenizer.size(), Set.of());
        RandomSchemas random = new RandomSchemas(seed);
        for (int i = 0; i < schemas; i++) {
            JsonNode json = random.next();
            JsonSchema schema = JsonSchema.of(json);
            check(
                    json,
                    answers,
                    output,
                    max -> output.schemas().start(schema, max),
                    tokenizer::tokenBytes,
                    ids -> tokenizer.decode(ids).strip(),
                    new SplittableRandom(seed + i));
        }
    }

    @Test
    void answersOfTheTinyVocabularyFitTheirSchemas() {
        checkTokenizer(Path.of("resources/tiny/llava"), 600, 10, 1);
        assertThat(shortened).isBetween(500, 5500);
        assertThat(ended).isPositive();
    }

    @Test
    void answersOfASentencePieceModelFitTheirSchemas() {
        checkTokenizer(Path.of("resources/golden/e_spm/tokenizer.model"), 200, 10, 2);
    }

    @Test
    void answersOfASyntheticVocabularyFitTheirSchemas() {
        byte[][] vocabulary = Vocabularies.random(2000, 3);
        OutputTokens output = OutputTokens.of(2000, Set.of(1999));
        RandomSchemas random = new RandomSchemas(3);
        for (int i = 0; i < 200; i++) {
            JsonNode json = random.next();
            Vocabularies.Sequences sequences = new Vocabularies.Sequences(JsonSchema.of(json), vocabulary);
            check(
                    json,
                    10,
                    output,
                    sequences::start,
                    id -> vocabulary[id],
                    ids -> utf8(ids, vocabulary),
                    new SplittableRandom(i));
        }
    }

    /** The text without the space that may precede it. */
    private static String utf8(int[] ids, byte[][] vocabulary) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(vocabulary[id]);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString()
                    .strip();
        } catch (CharacterCodingException e) {
            throw new AssertionError("not UTF-8: " + bytes, e);
        }
    }
}
