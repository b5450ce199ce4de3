package org.llava4j.eval.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;
import org.llava4j.model.schema.JsonSchema;
import org.llava4j.server.ChatServer;
import org.llava4j.server.ServerOptions;

/** Compiles and runs the Java examples of README.md and resources/docs/inference.md. */
class DocumentedExamplesTest {
    private final Path root = Path.of(System.getProperty("llava4j.root"));

    @Test
    void readmeExampleAnswers() {
        String printed = printed(() -> {
            // <readme>
            Path image = root.resolve("resources/readme/map.png");
            String question = """
                    Which way is it from the house to the tree?
                    Context: N/A
                    Options: (A) north (B) south (C) east (D) west""";
            try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
                System.out.println(model.answer(image, question)); // The answer is C.
            }
            // </readme>
        });
        assertThat(printed.strip()).isEqualTo("The answer is C.");
        assertThat(Checkout.read(root.resolve("README.md"))).contains(example("readme"));
    }

    @Test
    void inferenceExampleRuns() {
        Path file = root.resolve("resources/readme/map.png");
        long seed = 1;
        String printed = printed(() -> {
            // <inference>
            try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
                Chat chat = model.chat(DecodingOptions.greedy(256).withSampling(SamplingOptions.at(0.2, seed)));
                chat.setImage(ImageRef.of(file)).ask("What is this?", System.out::print); // streams the answer
                Answer answer = chat.ask("And why?"); // with the whole conversation as context
                System.out.println(answer.text());
                GenerationRequest request = GenerationRequest.about(ImageRef.of(file), "What is this?");
                PendingAnswer later = model.submit(request, DecodingOptions.greedy(64), text -> {}); // does not block
                later.cancel(); // or later.answer(), a CompletableFuture
            }
            // </inference>
        });
        assertThat(printed).isNotBlank();
        assertThat(Checkout.read(root.resolve("resources/docs/inference.md"))).contains(example("inference"));
    }

    @Test
    void typedExampleRuns() {
        Path file = root.resolve("resources/readme/map.png");
        String printed = printed(() -> {
            // <typed>
            enum Direction {
                NORTH,
                SOUTH,
                EAST,
                WEST
            }
            record Way(String from, String to, Direction direction, Optional<Integer> metres) {}
            try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
                GenerationRequest request = GenerationRequest.about(
                        ImageRef.of(file), "Which way is it from the house to the tree? Answer in JSON.");
                Way way = model.answer(request, DecodingOptions.greedy(100), Way.class);
                System.out.println(way.direction());
                JsonSchema schema =
                        JsonSchema.parse("{\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"maxItems\": 3}");
                Answer answer =
                        model.answer(request, DecodingOptions.greedy(100).withSchema(schema));
                System.out.println(answer.text()); // an array of up to three strings
            }
            // </typed>
        });
        assertThat(printed).matches("(NORTH|SOUTH|EAST|WEST)\\R\\[.*]\\R");
        assertThat(Checkout.read(root.resolve("resources/docs/inference.md"))).contains(example("typed"));
    }

    @Test
    void serverExampleRuns() {
        String printed = printed(() -> {
            // <server>
            ServerOptions.Builder options =
                    ServerOptions.builder().modelId("tiny").port(0); // any free port
            try (LlavaModel model = LlavaModel.load(root.resolve("resources/tiny/llava"));
                    ChatServer server = new ChatServer(model, options.build()).start()) {
                HttpRequest.Builder request =
                        HttpRequest.newBuilder(server.address().resolve("/v1/models"));
                HttpClient client = HttpClient.newHttpClient();
                System.out.println(
                        client.send(request.build(), BodyHandlers.ofString()).body());
                server.stop(Duration.ofSeconds(30)); // running answers have 30 s to finish; close() gives them none
            }
            // </server>
        });
        assertThat(printed).contains("\"id\":\"tiny\"");
        assertThat(Checkout.read(root.resolve("resources/docs/inference.md"))).contains(example("server"));
    }

    private String example(String name) {
        return new DocumentedSource(
                        root.resolve("eval/src/test/java/org/llava4j/eval/docs/DocumentedExamplesTest.java"))
                .example(name);
    }

    @FunctionalInterface
    private interface Example {
        void run() throws IOException, InterruptedException;
    }

    private static String printed(Example example) {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, UTF_8));
        try {
            example.run();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            System.setOut(out);
        }
        return bytes.toString(UTF_8);
    }
}
