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
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.generate.Answer;
import org.llava4j.model.generate.Chat;
import org.llava4j.model.generate.Generation.FinishReason;
import org.llava4j.model.generate.PendingAnswer;

/** Reads questions from a terminal and writes answers as they come, until there are no more. */
final class ChatSession {
    private static final String PROMPT = "> ";
    private static final String HELP = """
            /image FILE  the next question is about this picture
            /new         forget what was said
            /quit        stop (Ctrl-D too)
            Ctrl-C       stops the answer""";

    private final Terminal terminal;
    private final Chat chat;
    private final LineReader reader;

    ChatSession(Terminal terminal, Chat chat) {
        this.terminal = terminal;
        this.chat = chat;
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" is no history here
                .build();
    }

    /** @throws BadInputException if there is no such picture */
    void setImage(Path image) {
        ImageBytes.version(image);
        chat.setImage(ImageRef.of(image));
    }

    void run() {
        print("Ask, or /help.");
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

    /** The next line, or null where there are no more. */
    private String readLine() {
        while (true) {
            try {
                return reader.readLine(PROMPT).strip();
            } catch (UserInterruptException e) {
                // Ctrl-C forgets the line.
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
                throw new BadInputException("that is no name of a file: " + e.getMessage(), e);
            }
        } else if (line.equals("/new")) {
            chat.clear();
        } else {
            print(HELP);
        }
    }

    private void ask(String question) {
        PendingAnswer answering = chat.submit(question, text -> {
            terminal.writer().print(text);
            terminal.flush();
        });
        SignalHandler before = terminal.handle(Signal.INT, signal -> answering.cancel());
        try {
            Answer answer = chat.await(answering);
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
