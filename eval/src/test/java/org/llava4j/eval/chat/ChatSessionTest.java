package org.llava4j.eval.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.SamplingOptions;

/** Sessions on a dumb terminal with scripted input. */
class ChatSessionTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final String MAP = ROOT.resolve("resources/readme/map.png").toString();
    private static final String QUESTION = "Which way is it from the house to the tree? Context: N/A"
            + " Options: (A) north (B) south (C) east (D) west";
    private static LlavaModel model;

    @BeforeAll
    static void load() {
        model = LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
    }

    /** Terminal output for the given input lines. */
    private static String run(Chat chat, String... lines) throws IOException {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        byte[] keys = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
        try (Terminal terminal =
                new DumbTerminal("test", "dumb", new ByteArrayInputStream(keys), shown, StandardCharsets.UTF_8)) {
            new ChatSession(terminal, chat).run();
        }
        return shown.toString(StandardCharsets.UTF_8);
    }

    private static Chat chat() {
        return model.chat(DecodingOptions.greedy(16));
    }

    @Test
    void sessionAnswersAboutImageAndKeepsConversation() throws IOException {
        Chat chat = chat();
        assertThat(run(chat, "/image " + MAP, QUESTION)).contains("The answer is C.");
        assertThat(chat.turns()).hasSize(2);
        run(chat, "Is it?");
        assertThat(chat.turns()).as("the conversation continues").hasSize(4);
        run(chat, "/new");
        assertThat(chat.turns()).isEmpty();
    }

    @Test
    void sessionReportsErrorsAndContinues() throws IOException {
        String shown = run(
                chat(),
                "/image nowhere.png",
                "/imagine",
                "word ".repeat(500),
                "/image " + ROOT.resolve("README.md"),
                QUESTION,
                "/image " + MAP,
                QUESTION);
        assertThat(shown)
                .contains("there is no image nowhere.png")
                .contains("/image FILE  attach an image")
                .contains("no room for an answer")
                .contains("is not a PNG, JPEG, WebP, GIF, BMP or TIFF")
                .contains("The answer is C.");
    }

    @Test
    void sessionEndsOnQuitAndAtEndOfInput() throws IOException {
        assertThat(run(chat(), "/quit", QUESTION)).doesNotContain("The answer");
        assertThat(run(chat(), "", "  ")).doesNotContain("The answer");
    }

    @Test
    void ctrlCStopsGeneration() throws Exception {
        String question = "Which way is it from the house to the tree?";
        // Hot enough for an answer of many tokens.
        DecodingOptions decoding = DecodingOptions.greedy(200).withSampling(SamplingOptions.at(4, 1));
        Chat whole = model.chat(decoding).setImage(ImageRef.of(Path.of(MAP)));
        int length = whole.ask(question).newTokens();
        assertThat(length).isGreaterThan(20);

        AtomicReference<Terminal> terminal = new AtomicReference<>();
        ByteArrayOutputStream shown = new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] bytes, int from, int count) {
                super.write(bytes, from, count);
                // Ctrl-C with each chunk of the answer.
                if (terminal.get() != null && toString(StandardCharsets.UTF_8).contains("The ")) {
                    terminal.get().raise(Signal.INT);
                }
            }
        };
        byte[] keys = (question + "\n").getBytes(StandardCharsets.UTF_8);
        terminal.set(new DumbTerminal("test", "dumb", new ByteArrayInputStream(keys), shown, StandardCharsets.UTF_8));
        Chat chat = model.chat(decoding).setImage(ImageRef.of(Path.of(MAP)));
        new ChatSession(terminal.get(), chat).run();
        terminal.get().close();
        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("[stopped]");
        assertThat(chat.turns()).hasSize(2);
        assertThat(whole.turns().get(1).value())
                .startsWith(chat.turns().get(1).value())
                .isNotEqualTo(chat.turns().get(1).value());
    }

    @ParameterizedTest
    @CsvSource({
        "--temperature,hot,--temperature must be a number",
        "--temperature,-1,the temperature is -1.0",
        "--top-p,0,the top-p is 0.0",
        "--max-new-tokens,0,--max-new-tokens is 0",
        "--dtype,int4,'use fp32, bf16, fp16, q8, q4 or stored'",
        "--image-file,nowhere.png,there is no image"
    })
    void chatRejectsInvalidFlags(String flag, String value, String message) {
        assertThatThrownBy(() -> ChatMain.main(new String[] {
                    "--model-path", ROOT.resolve("resources/tiny/llava").toString(), flag, value
                }))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(message);
    }

    @Test
    void chatRejectsMissingModel() {
        assertThatThrownBy(() -> ChatMain.main(new String[] {"--model-path", "nowhere"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
    }
}
