package org.llava4j.model.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.TokenLogprobs;

/** Proxies of {@link LlavaModel} as containers and mock libraries make them: lazy beans, and models without weights. */
class LlavaModelProxyTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final Path MAP = ROOT.resolve("resources/readme/map.png");

    /** An answer that is complete. */
    private record Fixed(Answer value) implements PendingAnswer {
        @Override
        public void cancel() {}

        @Override
        public CompletableFuture<Answer> answer() {
            return CompletableFuture.completedFuture(value);
        }

        @Override
        public List<TokenLogprobs> logprobs() {
            return value.logprobs();
        }
    }

    private static LlavaModel proxy(InvocationHandler handler) {
        return (LlavaModel)
                Proxy.newProxyInstance(LlavaModel.class.getClassLoader(), new Class<?>[] {LlavaModel.class}, handler);
    }

    /** A proxy that makes its model at the first call, as a lazy bean does. */
    private static LlavaModel lazy(Supplier<LlavaModel> loader) {
        List<LlavaModel> loaded = new ArrayList<>();
        return proxy((self, method, arguments) -> {
            if (loaded.isEmpty()) {
                loaded.add(loader.get());
            }
            try {
                return method.invoke(loaded.get(0), arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    /** A model without weights, which answers with the question; methods with a default implementation keep it. */
    private static LlavaModel echo(List<GenerationRequest> requests) {
        return proxy((self, method, arguments) -> {
            if (method.isDefault()) {
                return InvocationHandler.invokeDefault(self, method, arguments);
            }
            return switch (method.getName()) {
                case "submit" -> {
                    GenerationRequest request = (GenerationRequest) arguments[0];
                    requests.add(request);
                    String text =
                            request.turns().get(request.turns().size() - 1).value();
                    yield new Fixed(new Answer(text, FinishReason.STOP, 1, 0, 1, List.of()));
                }
                case "await" -> ((PendingAnswer) arguments[0]).answer().join();
                default -> throw new UnsupportedOperationException(method.getName());
            };
        });
    }

    @Test
    void lazyProxyLoadsAtFirstCallAndAnswers() {
        List<String> loads = new ArrayList<>();
        LlavaModel model = lazy(() -> {
            loads.add("loaded");
            return LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
        });
        assertThat(loads).isEmpty();
        String question = "Which way is it from the house to the tree?\nContext: N/A\n"
                + "Options: (A) north (B) south (C) east (D) west";
        assertThat(model.answer(MAP, question)).isEqualTo("The answer is C.");
        assertThatThrownBy(() -> model.answer(ROOT.resolve("pom.xml"), "What is it?"))
                .isInstanceOf(BadInputException.class);
        model.close();
        assertThat(loads).hasSize(1);
    }

    @Test
    void chatRunsOnModelWithoutWeights() {
        List<GenerationRequest> requests = new ArrayList<>();
        Chat chat = echo(requests).chat(DecodingOptions.greedy(8));
        assertThat(chat.setImage(ImageRef.of(MAP)).ask("What is it?").text()).isEqualTo("<image>\nWhat is it?");
        assertThat(chat.ask("Is it?").text()).isEqualTo("Is it?");
        assertThat(requests.get(1).turns())
                .containsExactly(
                        Turn.human("<image>\nWhat is it?"), Turn.gpt("<image>\nWhat is it?"), Turn.human("Is it?"));
    }

    @Test
    void awaitRejectsAnswerOfOtherModel() {
        LlavaModel other = echo(new ArrayList<>());
        PendingAnswer foreign =
                other.submit(GenerationRequest.of("Hello", List.of()), DecodingOptions.greedy(1), text -> {});
        try (LlavaModel model = LlavaModel.load(ROOT.resolve("resources/tiny/llava"))) {
            assertThatThrownBy(() -> model.await(foreign))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("not submitted to this model");
        }
    }
}
