package org.llava4j.eval.chat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.eval.ModelSpec;
import org.llava4j.model.generate.DecodingOptions;

/** {@code exec:java@chat}: a conversation with a model at the terminal. */
public final class ChatMain extends Command {
    private ChatMain() {
        super("chat", "Talks with a model at the terminal, about pictures or without.");
    }

    public static void main(String[] args) {
        new ChatMain().execute(args);
    }

    @Override
    protected Options options() {
        return DecodingFlags.addTo(ModelSpec.addFlags(new Options()))
                .addOption(flag("image-file", "FILE", "the picture to talk about (/image FILE later)"))
                .addOption(ModelSpec.specialTokensFlag());
    }

    @Override
    protected void run(CommandLine line) {
        DecodingOptions decoding = DecodingFlags.of(line);
        ModelSpec asked = ModelSpec.of(line);
        Path image = path(line, "image-file");
        try (var model = asked.load();
                Terminal terminal =
                        TerminalBuilder.builder().system(true).dumb(true).build()) {
            ChatSession session = new ChatSession(
                    terminal, model.chat(decoding).specialTokensInText(ModelSpec.specialTokensInText(line)));
            if (image != null) {
                session.setImage(image);
            }
            session.run();
        } catch (IOException e) {
            throw new BadInputException("there is no terminal to talk at (" + e.getMessage() + "); see @serve", e);
        }
    }
}
