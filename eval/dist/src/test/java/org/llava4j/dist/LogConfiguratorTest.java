package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.LoggerContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;
import org.slf4j.LoggerFactory;

/** Log lines of the distribution on stderr. */
class LogConfiguratorTest {
    private static final String PROPERTY = "llava4j.log.format";

    @AfterEach
    void clear() {
        System.clearProperty(PROPERTY);
        configure();
    }

    /** Configures the logging of this JVM anew. */
    private static LoggerContext configure() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        new LogConfigurator().configure(context);
        return context;
    }

    @Test
    void bindingIsLogback() {
        assertThat(LoggerFactory.getILoggerFactory()).isInstanceOf(LoggerContext.class);
    }

    @Test
    void textLineHasTimeLevelLoggerAndMessage() {
        assertThat(lines(context ->
                        context.getLogger("org.llava4j.server.ChatServer").warn("{} stops", "it")))
                .singleElement()
                .asString()
                .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  ChatServer - it stops");
    }

    @Test
    void textLineHasStackTrace() {
        assertThat(lines(context ->
                        context.getLogger("org.llava4j.A").error("two\nlines", new IllegalStateException("why"))))
                .singleElement()
                .asString()
                .contains("ERROR A - two | lines | java.lang.IllegalStateException: why | at "
                        + getClass().getName());
    }

    @Test
    void jsonLineHasFieldsAndStackTrace() throws Exception {
        assertThat(LogFormat.takeFrom(List.of("serve", "--log-format", "json", "--port", "0")))
                .containsExactly("serve", "--port", "0");
        List<String> lines = lines(context ->
                context.getLogger("org.llava4j.A").error("say \"{}\"\n", "two", new IllegalStateException("why")));
        JsonNode json = new JsonMapper().readTree(lines.get(0));
        assertThat(lines).hasSize(1);
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "timestamp", "level", "threadName", "loggerName", "formattedMessage", "throwable");
        assertThat(json.path("formattedMessage").asText()).isEqualTo("say \"two\"\n");
        assertThat(json.path("level").asText()).isEqualTo("ERROR");
        assertThat(json.path("throwable").path("message").asText()).isEqualTo("why");
    }

    @Test
    void levelsAreInfoForProjectAndErrorForNd4j() {
        assertThat(lines(context -> {
                    context.getLogger("org.llava4j.A").info("1");
                    context.getLogger("org.llava4j.A").debug("2");
                    context.getLogger("org.nd4j.B").warn("3");
                    context.getLogger("org.nd4j.B").error("4");
                    context.getLogger("org.eclipse.jetty.C").info("5");
                    context.getLogger("org.eclipse.jetty.C").warn("6");
                }))
                .extracting(line -> line.substring(line.length() - 1))
                .containsExactly("1", "4", "6");
    }

    @Test
    void unknownFormatIsRefused() {
        assertThatThrownBy(() -> LogFormat.takeFrom(List.of("--log-format=xml")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--log-format")
                .hasMessageContaining("xml");
    }

    private static List<String> lines(Consumer<LoggerContext> logging) {
        PrintStream err = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            LoggerContext context = configure();
            logging.accept(context);
        } finally {
            System.setErr(err);
        }
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
