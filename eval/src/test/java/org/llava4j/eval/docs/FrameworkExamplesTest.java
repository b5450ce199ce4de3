package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.UserMessage;
import example.AskController;
import example.AskResource;
import example.LlavaConfiguration;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.llava4j.langchain4j.LlavaChatModel;
import org.llava4j.model.chat.LlavaModel;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.MapPropertySource;
import org.springframework.web.multipart.MultipartFile;

/**
 * Compiles and runs the examples of resources/docs/frameworks.md. Those of Spring and Quarkus run here without a web server;
 * {@code .ci/consumer/frameworks} starts them as applications.
 */
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

    private String example(String name) {
        Path file = root.resolve("eval/src/test/java/org/llava4j/eval/docs/FrameworkExamplesTest.java");
        return new DocumentedSource(file).example(name);
    }

    /** Checks that the document has every file of an example project as it is, but for Spring Boot's usual start. */
    private void assertShown(String project) throws IOException {
        Path sources = root.resolve("resources/examples").resolve(project).resolve("src");
        try (Stream<Path> files = Files.walk(sources)) {
            List<Path> shown = files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("AskApplication.java"))
                    .toList();
            assertThat(shown).hasSize(3);
            for (Path file : shown) {
                assertThat(document).contains(new DocumentedSource(file).whole());
            }
        }
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
        assertThat(document).contains(example("service")).contains(example("langchain4j"));
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
    void documentShowsExampleProjects() throws IOException {
        assertShown("spring-boot");
        assertShown("quarkus");
    }

    private AnnotationConfigApplicationContext springContext(Path folder) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        Map<String, Object> properties = Map.of("llava.folder", folder.toString());
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test", properties));
        context.register(LlavaConfiguration.class);
        return context;
    }

    @Test
    void springContextLoadsAndClosesModel() throws Exception {
        LlavaModel loaded;
        try (AnnotationConfigApplicationContext context = springContext(root.resolve("resources/tiny/llava"))) {
            context.register(AskController.class);
            context.refresh();
            assertThat(context.getBeanFactory().containsSingleton("llava")).isTrue();
            assertThat(ask(context.getBean(AskController.class))).isEqualTo(ANSWER);
            loaded = context.getBean(LlavaModel.class);
        }
        assertThatThrownBy(() -> loaded.answer(root.resolve("resources/readme/map.png"), QUESTION))
                .as("Spring closed the model")
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void springContextRefusesMissingModel() {
        try (AnnotationConfigApplicationContext context = springContext(root.resolve("missing"))) {
            assertThatThrownBy(context::refresh)
                    .hasRootCauseInstanceOf(BadInputException.class)
                    .hasMessageContaining("missing does not exist");
        }
    }

    /** A bean that takes the model as a proxy. */
    static final class LazyUser {
        private final LlavaModel llava;

        LazyUser(@Lazy LlavaModel llava) {
            this.llava = llava;
        }
    }

    @Test
    void lazySpringBeanIsLoadedAtFirstQuestion() {
        try (AnnotationConfigApplicationContext context = springContext(root.resolve("resources/tiny/llava"))) {
            context.register(LazyUser.class);
            context.addBeanFactoryPostProcessor(
                    factory -> factory.getBeanDefinition("llava").setLazyInit(true));
            context.refresh();
            LlavaModel llava = context.getBean(LazyUser.class).llava;
            assertThat(context.getBeanFactory().containsSingleton("llava")).isFalse();
            assertThat(llava.answer(root.resolve("resources/readme/map.png"), QUESTION))
                    .isEqualTo(ANSWER);
            assertThat(context.getBeanFactory().containsSingleton("llava")).isTrue();
        }
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
    }
}
