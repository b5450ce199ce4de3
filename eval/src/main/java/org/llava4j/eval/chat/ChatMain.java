package org.llava4j.eval.chat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.AskedModel;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.model.generate.Decoding;

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
        return DecodingFlags.addTo(AskedModel.addFlags(new Options()))
                .addOption(flag("image-file", "FILE", "the picture to talk about (/image FILE later)"))
                .addOption(AskedModel.specialTokensFlag());
    }

    @Override
    protected void run(CommandLine line) {
        Decoding decoding = DecodingFlags.of(line);
        AskedModel asked = AskedModel.of(line);
        Path image = path(line, "image-file");
        try (var model = asked.load();
                Terminal terminal =
                        TerminalBuilder.builder().system(true).dumb(true).build()) {
            ChatSession session = new ChatSession(
                    terminal, model.chat(decoding).specialTokensInText(AskedModel.specialTokensInText(line)));
            if (image != null) {
                session.show(image);
            }
            session.run();
        } catch (IOException e) {
            throw new BadInputException("there is no terminal to talk at (" + e.getMessage() + "); see @serve", e);
        }
    }
}
