package org.llava4j.train.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.Llava;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.weights.WeightDtype;

/**
 * Time of a token of {@code 1b} in q4 with and without a schema, in turns: {@code mvn -Pslow -pl train -am test
 * -Dtest=SchemaTokenBenchmark -Dllava4j.tokenizer=FILE}, where the file has LLaMA's vocabulary of 32,000 tokens.
 */
@Tag("slow")
class SchemaTokenBenchmark {
    private static final int TOKENS = 128;
    private static final int ROUNDS = 5;
    private static final GenerationRequest QUESTION =
            new GenerationRequest(List.of(Turn.human("What is in the picture?")), List.of());

    @Test
    void tokensWithAndWithoutSchema() {
        BenchSize size = BenchSize.named("1b");
        LlamaTokenizer tokenizer = LlamaTokenizer.load(Path.of(System.getProperty("llava4j.tokenizer", "")));
        Llava language = Llava.buildLlama(size.config().decoder(), BenchSize.weights(WeightDtype.Q4));
        ChatFormat chat = new ChatFormat(ConversationTemplates.of("v1"), true);
        try (LlavaModel model = LlavaModel.of(
                size.config(), tokenizer, chat, images -> List.of(), language, Set.of(tokenizer.eosId()))) {
            List<Double> free = new ArrayList<>();
            List<Double> first = new ArrayList<>();
            List<Double> again = new ArrayList<>();
            measure(model, DecodingOptions.greedy(TOKENS));
            for (int round = 0; round < ROUNDS; round++) {
                // Another name in each round, so that its masks are not cached.
                DecodingOptions constrained = DecodingOptions.greedy(TOKENS)
                        .withSchema(
                                JsonSchema.parse(
                                        "{\"type\": \"object\", \"required\": [\"name" + round
                                                + "\", \"size\"], \"properties\": {\"name" + round
                                                + "\": {\"type\": \"string\", \"minLength\": 60}, \"size\": {\"type\": \"integer\"},"
                                                + " \"tags\": {\"type\": \"array\", \"minItems\": 20, \"items\": {\"type\": \"string\"}}}}"));
                free.add(measure(model, DecodingOptions.greedy(TOKENS)));
                first.add(measure(model, constrained));
                free.add(measure(model, DecodingOptions.greedy(TOKENS)));
                again.add(measure(model, constrained));
            }
            double freeMs = Timing.median(free);
            System.out.printf(
                    Locale.ROOT,
                    "token without schema %.2f ms; first answer with a schema %.2f ms (%.3f times), in the new JVM %.2f ms; the"
                            + " next %.2f ms (%.3f times)%n",
                    freeMs,
                    Timing.median(first),
                    Timing.median(first) / freeMs,
                    first.get(0),
                    Timing.median(again),
                    Timing.median(again) / freeMs);
        }
    }

    /** Milliseconds of a token. */
    private static double measure(LlavaModel model, DecodingOptions decoding) {
        Answer[] answer = new Answer[1];
        double ms = Timing.milliseconds(() -> answer[0] = model.answer(QUESTION, decoding));
        System.out.printf(Locale.ROOT, "%d tokens, %.2f ms each%n", answer[0].newTokens(), ms / answer[0].newTokens());
        return ms / answer[0].newTokens();
    }
}
