package org.llava4j.eval.chat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.eval.ModelSpec;
import org.llava4j.model.generate.DecodingOptions;

/** {@code exec:java@chat}: interactive chat with a model in the terminal. */
public final class ChatMain extends Command {
    private ChatMain() {
        super("chat", "Chats with a model in the terminal, with or without an image.");
    }

    public static void main(String[] args) {
        new ChatMain().execute(args);
    }

    @Override
    protected Options options() {
        return DecodingFlags.addTo(ModelSpec.addFlags(new Options()))
                .addOption(flag("image-file", "FILE", "image of the first question (later: /image FILE)"))
                .addOption(ModelSpec.cacheFlag())
                .addOption(ModelSpec.specialTokensFlag());
    }

    @Override
    protected void run(CommandLine line) {
        DecodingOptions decoding = DecodingFlags.of(line);
        ModelSpec spec = ModelSpec.of(line, ExifOrientation.APPLY);
        Path image = optionalPath(line, "image-file");
        try (var model = spec.loadForChat(line, System.out::println);
                Terminal terminal =
                        TerminalBuilder.builder().system(true).dumb(true).build()) {
            ChatSession session = new ChatSession(
                    terminal, model.chat(decoding).specialTokensInText(ModelSpec.specialTokensInText(line)));
            if (image != null) {
                session.setImage(image);
            }
            session.run();
        } catch (IOException e) {
            throw new BadInputException("cannot open the terminal (" + e.getMessage() + "); use serve instead", e);
        }
    }
}
