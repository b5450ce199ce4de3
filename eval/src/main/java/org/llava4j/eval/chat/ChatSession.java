package org.llava4j.eval.chat;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.Chat;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.Generation.FinishReason;

/** Interactive chat session: reads questions from a terminal and streams the answers to it until the input ends. */
final class ChatSession {
    private static final String PROMPT = "> ";
    private static final String HELP = """
            /image FILE  attach an image to the next question
            /new         start a new conversation
            /quit        quit (also Ctrl-D)
            Ctrl-C       stop generating""";

    private final Terminal terminal;
    private final Chat chat;
    private final LineReader reader;

    ChatSession(Terminal terminal, Chat chat) {
        this.terminal = terminal;
        this.chat = chat;
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" is an ordinary character
                .build();
    }

    /**
     * Attaches an image to the next question.
     *
     * @throws BadInputException if the image file does not exist
     */
    void setImage(Path image) {
        ImageBytes.version(image);
        chat.setImage(ImageRef.of(image));
    }

    void run() {
        print("Type a question, or /help.");
        for (String line = readLine(); line != null; line = readLine()) {
            try {
                if (line.startsWith("/")) {
                    if (line.equals("/quit")) {
                        return;
                    }
                    command(line);
                } else if (!line.isEmpty()) {
                    ask(line);
                }
            } catch (BadInputException e) {
                print(e.getMessage());
            }
        }
    }

    /** Reads the next line; null at the end of the input. */
    private @Nullable String readLine() {
        while (true) {
            try {
                return reader.readLine(PROMPT).strip();
            } catch (UserInterruptException e) {
                // Ctrl-C discards the line.
            } catch (EndOfFileException e) {
                return null;
            }
        }
    }

    private void command(String line) {
        if (line.startsWith("/image ")) {
            try {
                setImage(Path.of(line.substring("/image ".length()).strip()));
            } catch (InvalidPathException e) {
                throw new BadInputException("invalid file name: " + e.getMessage(), e);
            }
        } else if (line.equals("/new")) {
            chat.clear();
        } else {
            print(HELP);
        }
    }

    private void ask(String question) {
        PendingAnswer pending = chat.submit(question, text -> {
            terminal.writer().print(text);
            terminal.flush();
        });
        SignalHandler before = terminal.handle(Signal.INT, signal -> pending.cancel());
        try {
            Answer answer = chat.await(pending);
            print(answer.finishReason() == FinishReason.CANCELLED ? " [stopped]" : "");
        } finally {
            terminal.handle(Signal.INT, before);
        }
    }

    private void print(String text) {
        terminal.writer().println(text);
        terminal.flush();
    }
}
