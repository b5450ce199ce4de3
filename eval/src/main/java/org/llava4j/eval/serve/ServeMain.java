package org.llava4j.eval.serve;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.ModelSpec;

/** {@code exec:java@serve}: a model behind OpenAI's protocol, and a page to try it. */
public final class ServeMain extends Command {
    private static final String KEY_VARIABLE = "LLAVA4J_API_KEY";

    private ServeMain() {
        super("serve", "Serves a model over HTTP by OpenAI's protocol, with a page to try it at /.");
    }

    public static void main(String[] args) {
        new ServeMain().execute(args);
    }

    @Override
    protected Options options() {
        return ModelSpec.addFlags(new Options())
                .addOption(flag("host", "NAME", "address to listen on (default 127.0.0.1; 0.0.0.0 for all)"))
                .addOption(flag("port", "N", "port (default 8080; 0 for any free one)"))
                .addOption(flag(
                        "api-key",
                        "KEY",
                        "what requests must bring (default: environment variable " + KEY_VARIABLE
                                + ", or none is wanted)"))
                .addOption(flag("model-id", "NAME", "what clients call the model (default: its folder's name)"))
                .addOption(flag("parallel", "N", "answers given side by side (default 8)"))
                .addOption(flag("queue", "N", "requests that may wait beside them; more get 429 (default 64)"))
                .addOption(flag("max-new-tokens", "N", "longest answer (default 512)"))
                .addOption(flag("timeout", "SECONDS", "until an answer must be whole (default 300)"))
                .addOption(flag("body-timeout", "SECONDS", "until a request must be read (default 20)"))
                .addOption(flag("max-body-mb", "N", "most megabytes of a request (default 20)"))
                .addOption(flag("max-megapixels", "N", "most megapixels of a picture (default 25)"))
                .addOption(flag("max-images", "N", "most pictures of a request (default 8)"))
                .addOption(toggle(
                        "allow-remote-images",
                        "fetch pictures behind http and https addresses, of public servers only (default: no)"))
                .addOption(ModelSpec.specialTokensFlag());
    }

    @Override
    protected void run(CommandLine line) {
        ModelSpec asked = ModelSpec.of(line);
        ServeOptions options = serveOptions(line, asked.folder());
        try (var model = asked.load()) {
            ModelInfo facts = ModelInfo.of(model.config(), model.chatFormat(), asked.dtype(), options);
            ChatServer server = new ChatServer(model, facts, options).start();
            Thread stop = new Thread(() -> server.stop(options.timeout()), "llava4j-stop");
            Runtime.getRuntime().addShutdownHook(stop);
            System.out.println("serving " + options.modelId() + " at " + server.address()
                    + " (OpenAI's protocol at /v1); Ctrl-C stops");
            server.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ServeOptions serveOptions(CommandLine line, Path folder) {
        String key = line.getOptionValue("api-key", System.getenv(KEY_VARIABLE));
        int port = integer(line, "port", 8080);
        if (port < 0 || port > 65535) {
            throw new BadInputException("--port is " + port + "; give 0 to 65535");
        }
        return new ServeOptions(
                line.getOptionValue("host", "127.0.0.1"),
                port,
                Optional.ofNullable(key).filter(given -> !given.isEmpty()),
                line.getOptionValue(
                        "model-id",
                        folder.toAbsolutePath().normalize().getFileName().toString()),
                atMost(line, "max-body-mb", 1024, 20) << 20,
                atMost(line, "max-megapixels", 500, 25) * 1_000_000L,
                atLeast(1, line, "max-images", 8),
                atLeast(1, line, "parallel", 8),
                atLeast(0, line, "queue", 64),
                Duration.ofSeconds(atLeast(1, line, "timeout", 300)),
                Duration.ofSeconds(atLeast(1, line, "body-timeout", 20)),
                atLeast(1, line, "max-new-tokens", 512),
                line.hasOption("allow-remote-images"),
                ModelSpec.specialTokensInText(line));
    }

    private static int atMost(CommandLine line, String flag, int most, int absent) {
        int value = atLeast(1, line, flag, absent);
        if (value > most) {
            throw new BadInputException("--" + flag + " is " + value + "; give " + most + " or less");
        }
        return value;
    }
}
