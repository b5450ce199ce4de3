package org.llava4j.eval.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.Chat;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.GenerationRequest;
import org.llava4j.model.generate.PendingAnswer;
import org.llava4j.model.generate.SamplingOptions;

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

    /** An example of this file as a document has it: paths are relative to the root. */
    private String example(String name) {
        String source =
                Checkout.read(root.resolve("eval/src/test/java/org/llava4j/eval/docs/DocumentedExamplesTest.java"));
        String start = "// <" + name + ">\n";
        String code = source.substring(
                source.indexOf(start) + start.length(), source.indexOf("            // </" + name + ">"));
        return "```java\n" + code.indent(-12).replace("root.resolve(", "Path.of(") + "```";
    }

    private static String printed(Runnable example) {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, UTF_8));
        try {
            example.run();
        } finally {
            System.setOut(out);
        }
        return bytes.toString(UTF_8);
    }
}
