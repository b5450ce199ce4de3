package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.folder.ModelSource;
import org.llava4j.model.generate.ContextLengthException;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.testing.Golden;

/** The public API with the bundled model. */
class LlavaModelTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path MAP = ROOT.resolve("resources/readme/map.png");
    private static final String WHERE = "Which way is it from the house to the tree?";
    private static final String QUESTION = WHERE + "\nContext: N/A\nOptions: (A) north (B) south (C) east (D) west";
    private static final String ANSWER = "The answer is C.";
    private static LlavaModel model;

    @BeforeAll
    static void load() {
        model = LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void imageFileAndDecodedImageGetSameAnswer() throws Exception {
        assertThat(model.answer(MAP, QUESTION)).isEqualTo(ANSWER);
        ImageRef inMemory = model.decodeImage(Files.readAllBytes(MAP), "map", 1_000_000, () -> {});
        Answer answer = model.answer(GenerationRequest.about(inMemory, QUESTION), DecodingOptions.greedy(16));
        assertThat(answer.text()).isEqualTo(ANSWER);
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(answer.newTokens()).isEqualTo(5);
        assertThatThrownBy(() -> model.decodeImage(Files.readAllBytes(MAP), "map", 100, () -> {}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("map has")
                .hasMessageContaining("more than the limit of 100");
    }

    @Test
    void concurrentAnswersEqualSequentialOnes() {
        List<String> questions = List.of(QUESTION, WHERE, QUESTION.replace("house to the tree", "tree to the house"));
        List<String> alone =
                questions.stream().map(q -> model.answer(MAP, q, 40)).toList();
        List<CompletableFuture<String>> answers = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            String question = questions.get(i % 3);
            answers.add(CompletableFuture.supplyAsync(() -> model.answer(MAP, question, 40)));
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).join()).isEqualTo(alone.get(i % 3));
        }
    }

    @Test
    void streamedPartsJoinToAnswer() throws Exception {
        StringBuilder streamed = new StringBuilder();
        PendingAnswer pending = model.submit(
                GenerationRequest.about(ImageRef.of(MAP), WHERE), DecodingOptions.greedy(60), streamed::append);
        Answer answer = pending.answer().get(60, TimeUnit.SECONDS);
        assertThat(streamed).hasToString(answer.text());
        assertThat(model.answer(
                                GenerationRequest.about(ImageRef.of(MAP), QUESTION),
                                DecodingOptions.greedy(60).withStops(List.of("wer is")))
                        .text())
                .isEqualTo("The ans");
    }

    @Test
    void cancelledAnswerKeepsGeneratedText() {
        CompletableFuture<PendingAnswer> self = new CompletableFuture<>();
        PendingAnswer pending = model.submit(
                GenerationRequest.about(ImageRef.of(MAP), WHERE),
                DecodingOptions.greedy(200),
                text -> self.thenAccept(PendingAnswer::cancel));
        self.complete(pending);
        pending.cancel();
        assertThat(model.await(pending).finishReason()).isEqualTo(FinishReason.CANCELLED);
    }

    @Test
    void samplingDependsOnSeedNotOnBatch() {
        GenerationRequest question = GenerationRequest.about(ImageRef.of(MAP), WHERE);
        DecodingOptions sampled = DecodingOptions.greedy(30).withSampling(SamplingOptions.at(4, 4));
        String expected = model.answer(question, sampled).text();
        List<PendingAnswer> batch = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            DecodingOptions decoding =
                    i == 3 ? sampled : DecodingOptions.greedy(30).withSampling(SamplingOptions.at(4, 100 + i));
            batch.add(model.submit(question, decoding, text -> {}));
        }
        assertThat(model.await(batch.get(3)).text()).isEqualTo(expected);
        assertThat(batch.stream().map(model::await).map(Answer::text).distinct())
                .hasSizeGreaterThan(2);
    }

    @Test
    void chatKeepsHistoryAndDropsFailedQuestions() {
        Chat chat = model.chat(DecodingOptions.greedy(16));
        assertThat(chat.setImage(ImageRef.of(MAP)).ask(QUESTION).text()).isEqualTo(ANSWER);
        assertThatThrownBy(() ->
                        chat.setImage(ImageRef.of(ROOT.resolve("pom.xml"))).ask("And this?"))
                .isInstanceOf(BadInputException.class);
        assertThat(chat.turns()).hasSize(2);
        assertThatThrownBy(() -> chat.setImage(ImageRef.of(MAP)).ask("word ".repeat(500)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no room for an answer");
        assertThat(chat.ask("Is it?").text()).isNotEmpty();
        assertThat(chat.turns()).hasSize(4);
    }

    @Test
    void unreachableModelStopsItsThread() throws InterruptedException {
        Thread thread = threadOfUnreachableModel();
        for (int i = 0; i < 300 && thread.isAlive(); i++) {
            System.gc();
            thread.join(100);
        }
        assertThat(thread.isAlive()).isFalse();
    }

    private static Thread threadOfUnreachableModel() {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        LlavaModel unreachable = LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
        assertThat(unreachable.answer(MAP, QUESTION)).isEqualTo(ANSWER);
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("llava4j-scheduler") && !before.contains(thread))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void requestRejectsWrongImageCountOrLastTurn() {
        assertThatThrownBy(() -> GenerationRequest.of("<image> <image>", List.of(MAP)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has 2 <image> but 1 images");
        assertThatThrownBy(() -> new GenerationRequest(List.of(Turn.gpt("Hello")), List.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("last turn must be the human's");
        String two = model.answer(List.of(GenerationRequest.of("<image>\n<image>\n" + QUESTION, List.of(MAP, MAP))), 16)
                .get(0);
        assertThat(two).isNotEmpty();
    }

    @Test
    void chatContinuesAfterAnswerWithImageToken() {
        GenerationRequest question = new GenerationRequest(
                List.of(Turn.human("<image>\n" + QUESTION), Turn.gpt("Like <image>."), Turn.human("Is it?")),
                List.of(ImageRef.of(MAP)));
        Answer withImageToken = model.answer(question, DecodingOptions.greedy(2));
        GenerationRequest withoutImageToken = new GenerationRequest(
                List.of(
                        question.turns().get(0),
                        Turn.gpt("Like ."),
                        question.turns().get(2)),
                question.images());
        assertThat(withImageToken.promptTokens())
                .isGreaterThan(model.answer(withoutImageToken, DecodingOptions.greedy(2))
                        .promptTokens());
    }

    @Test
    void endTokenInQuestionIsOrdinaryTextByDefault() {
        GenerationRequest withEndToken = GenerationRequest.of("Yes.</s>USER: Who?", List.of());
        int plain = model.answer(withEndToken, DecodingOptions.greedy(1)).promptTokens();
        int token = model.answer(withEndToken.withSpecialTokensInText(true), DecodingOptions.greedy(1))
                .promptTokens();
        assertThat(plain).isGreaterThan(token);
        Chat chat = model.chat(DecodingOptions.greedy(1));
        assertThat(chat.ask("Yes.</s>USER: Who?").promptTokens()).isEqualTo(plain);
        chat.clear();
        assertThat(chat.specialTokensInText(true).ask("Yes.</s>USER: Who?").promptTokens())
                .isEqualTo(token);
    }

    @Test
    void textPromptOfRenderedChatGetsItsAnswer() {
        GenerationRequest request = GenerationRequest.of(WHERE, List.of());
        Answer chat = model.answer(request, DecodingOptions.greedy(24));
        String rendered = model.chatFormat()
                .template()
                .promptText(request.turns(), null, null, "")
                .text();
        Answer text = model.answer(TextPrompt.of(rendered), DecodingOptions.greedy(24));
        assertThat(text.promptTokens()).isEqualTo(chat.promptTokens());
        assertThat(text.text().strip()).isEqualTo(chat.text()).isNotEmpty();
    }

    @Test
    void textPromptReadsSpecialTokensOnRequestOnly() {
        int plain = model.answer(TextPrompt.of("Yes.</s> <image>"), DecodingOptions.greedy(1))
                .promptTokens();
        int parsed = model.answer(new TextPrompt("Yes.</s> <image>", true), DecodingOptions.greedy(1))
                .promptTokens();
        assertThat(plain).isGreaterThan(parsed).isLessThan(40);
        assertThat(model.answer(TextPrompt.of(""), DecodingOptions.greedy(1)).promptTokens())
                .as("the BOS token")
                .isEqualTo(1);
        assertThatThrownBy(() -> model.answer(TextPrompt.of("word ".repeat(500)), DecodingOptions.greedy(1)))
                .isInstanceOf(ContextLengthException.class);
        DecodingOptions json = DecodingOptions.greedy(20).withSchema(JsonSchema.anyObject());
        assertThatThrownBy(() -> model.answer(TextPrompt.of("The answer"), json))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot continue a text");
    }

    @Test
    void hugePromptIsRejectedWithoutEncoding() {
        String text = "a".repeat(10_000_000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> model.submit(new TextPrompt(text, false), DecodingOptions.greedy(8), ignored -> {}))
                .isInstanceOf(ContextLengthException.class)
                .hasMessageContaining("10000000 characters");
        // Encoding allocates 40 bytes for each character.
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000_000);
    }

    @Test
    void ggufPairAnswersLikeItsDequantizedWeights() {
        Path decoder = Golden.path("k_gguf/model.gguf");
        Path tower = Golden.path("k_gguf/mmproj.gguf");
        ModelSource source = ModelSource.of(decoder, tower);
        try (LlavaModel stored = LlavaModel.load(decoder, tower);
                LlavaModel exact = LlavaModel.load(source, source.chatFormat(null), WeightDtype.FP32)) {
            assertThat(stored.weightDtype()).isEqualTo(WeightDtype.STORED);
            assertThat(stored.answer(MAP, WHERE, 24)).isNotEmpty().isEqualTo(exact.answer(MAP, WHERE, 24));
        }
        assertThatThrownBy(() -> LlavaModel.load(decoder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("model.gguf", "--mmproj");
    }
}
