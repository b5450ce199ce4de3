package org.llava4j.eval.chat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.AskedModel;
import org.llava4j.model.generate.Decoding;
import org.llava4j.model.generate.Sampling;

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
        return AskedModel.addFlags(new Options())
                .addOption(flag("image-file", "FILE", "the picture to talk about (/image FILE later)"))
                .addOption(flag("temperature", "X", "0 (default) takes the likeliest token; LLaVA's demo had 0.2"))
                .addOption(flag("top-p", "X", "only the likeliest tokens that have this probability (default 1, all)"))
                .addOption(flag("top-k", "N", "only so many of the likeliest tokens (default 0, all)"))
                .addOption(flag("repetition-penalty", "X", "above 1, what was said becomes less likely (default 1)"))
                .addOption(flag("seed", "N", "the same seed draws the same tokens (default 0)"))
                .addOption(flag("max-new-tokens", "N", "longest answer (default 512)"));
    }

    @Override
    protected void run(CommandLine line) {
        Sampling sampling = new Sampling(
                number(line, "temperature", 0),
                number(line, "top-p", 1),
                integer(line, "top-k", 0),
                number(line, "repetition-penalty", 1),
                integer(line, "seed", 0));
        Decoding decoding = new Decoding(sampling, atLeast(1, line, "max-new-tokens", 512), List.of());
        AskedModel asked = AskedModel.of(line);
        Path image = path(line, "image-file");
        try (var model = asked.load();
                Terminal terminal =
                        TerminalBuilder.builder().system(true).dumb(true).build()) {
            ChatSession session = new ChatSession(terminal, model.chat(decoding));
            if (image != null) {
                session.show(image);
            }
            session.run();
        } catch (IOException e) {
            throw new BadInputException("there is no terminal to talk at (" + e.getMessage() + "); see @serve", e);
        }
    }

    private static double number(CommandLine line, String flag, double absent) {
        String value = line.getOptionValue(flag);
        try {
            return value == null ? absent : Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new BadInputException("--" + flag + " wants a number, got " + value, e);
        }
    }
}
