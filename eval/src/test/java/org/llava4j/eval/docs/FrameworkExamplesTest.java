package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.UserMessage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.llava4j.eval.docs.frameworks.AskController;
import org.llava4j.eval.docs.frameworks.AskResource;
import org.llava4j.eval.docs.frameworks.LlavaConfiguration;
import org.llava4j.langchain4j.LlavaChatModel;
import org.llava4j.model.chat.LlavaModel;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.web.multipart.MultipartFile;

/** Compiles and runs the examples of resources/docs/frameworks.md, those of Spring and Quarkus without a web server. */
class FrameworkExamplesTest {
    private static final String QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    private static final String ANSWER = "The answer is C.";

    private final Path root = Path.of(System.getProperty("llava4j.root"));
    private final String document = Checkout.read(root.resolve("resources/docs/frameworks.md"));

    // <service>
    interface MapReader {
        String ask(@UserMessage String question, @UserMessage ImageContent image);
    }
    // </service>

    private String example(String file, String name) {
        Path folder = root.resolve("eval/src/test/java/org/llava4j/eval/docs");
        return new DocumentedSource(folder.resolve(file)).example(name);
    }

    private byte[] map() throws IOException {
        return Files.readAllBytes(root.resolve("resources/readme/map.png"));
    }

    @Test
    void aiServiceAnswers() {
        String question = QUESTION;
        String answer;
        // <langchain4j>
        try (LlavaModel llava = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
            MapReader reader = AiServices.create(MapReader.class, LlavaChatModel.of(llava));
            Path map = root.resolve("resources/readme/map.png");
            answer = reader.ask(question, ImageContent.from(map.toUri()));
        }
        // </langchain4j>
        assertThat(answer).isEqualTo(ANSWER);
        assertThat(document)
                .contains(example("FrameworkExamplesTest.java", "service"))
                .contains(example("FrameworkExamplesTest.java", "langchain4j"));
    }

    /** An uploaded file in memory. */
    private record Upload(byte[] bytes) implements MultipartFile {
        @Override
        public String getName() {
            return "image";
        }

        @Override
        public String getOriginalFilename() {
            return "map.png";
        }

        @Override
        public String getContentType() {
            return "image/png";
        }

        @Override
        public boolean isEmpty() {
            return bytes.length == 0;
        }

        @Override
        public long getSize() {
            return bytes.length;
        }

        @Override
        public byte[] getBytes() {
            return bytes;
        }

        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public void transferTo(File file) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void springContextLoadsModelAtFirstQuestion() throws Exception {
        LlavaModel loaded;
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            Map<String, Object> properties =
                    Map.of("llava.folder", root.resolve("resources/tiny/llava").toString());
            context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
            context.register(LlavaConfiguration.class, AskController.class);
            context.refresh();
            AskController controller = context.getBean(AskController.class);
            assertThat(context.getBeanFactory().containsSingleton("llava")).isFalse();
            assertThat(ask(controller)).isEqualTo(ANSWER);
            assertThat(context.getBeanFactory().containsSingleton("llava")).isTrue();
            loaded = context.getBean(LlavaModel.class);
        }
        assertThat(document)
                .contains(example("frameworks/LlavaConfiguration.java", "spring-model"))
                .contains(example("frameworks/AskController.java", "spring-controller"));
        assertThatThrownBy(() -> loaded.answer(root.resolve("resources/readme/map.png"), QUESTION))
                .as("Spring closed the model")
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining("closed");
    }

    /** Calls the endpoint's method, as Spring's dispatcher does. */
    private String ask(AskController controller) throws Exception {
        var method = AskController.class.getDeclaredMethod("ask", MultipartFile.class, String.class);
        method.setAccessible(true);
        return (String) method.invoke(controller, new Upload(map()), QUESTION);
    }

    @Test
    void quarkusResourceAnswers() throws IOException {
        try (LlavaModel llava = LlavaModel.load(root.resolve("resources/tiny/llava"))) {
            assertThat(new AskResource(llava).ask(QUESTION, map())).isEqualTo(ANSWER);
        }
        assertThat(document)
                .contains(example("frameworks/LlavaProducer.java", "quarkus-model"))
                .contains(example("frameworks/AskResource.java", "quarkus-resource"));
    }
}
