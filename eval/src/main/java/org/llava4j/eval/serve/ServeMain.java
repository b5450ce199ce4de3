package org.llava4j.eval.serve;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.eval.ModelSpec;
import org.llava4j.server.ChatServer;
import org.llava4j.server.ServerOptions;

/** {@code exec:java@serve}: OpenAI-compatible server with a web page. */
public final class ServeMain extends Command {
    private static final String KEY_VARIABLE = "LLAVA4J_API_KEY";

    private ServeMain() {
        super("serve", "Serves a model over HTTP with an OpenAI-compatible API, and a web page at /.");
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
                        "API key that requests must send (default: environment variable " + KEY_VARIABLE
                                + "; without it no key is required)"))
                .addOption(toggle(
                        "insecure", "let other machines send requests without an API key (default: refuse to start)"))
                .addOption(flag(
                        "allowed-host",
                        "NAME[,NAME...]",
                        "host names under which the server answers without an API key, besides localhost and addresses; *"
                                + " for all (default: none)"))
                .addOption(flag(
                        "max-connections-per-address",
                        "N",
                        "maximum number of open connections of one client address; a proxy needs more (default 256)"))
                .addOption(flag(
                        "max-connections", "N", "maximum number of open connections of all clients (default 1024)"))
                .addOption(flag(
                        "max-errors-per-second",
                        "N",
                        "error responses a second to one client address; further ones wait for their turn, at most a"
                                + " second (default 100)"))
                .addOption(flag(
                        "model-id", "NAME", "model id of the API (default: name of the model folder or the adapter)"))
                .addOption(alias(
                        flag(
                                "max-concurrent-requests",
                                "N",
                                "maximum number of concurrently running requests (default 8)"),
                        "parallel"))
                .addOption(alias(
                        flag(
                                "max-queued-requests",
                                "N",
                                "maximum number of queued requests; others get status 429 (default 64)"),
                        "queue"))
                .addOption(flag(
                        "max-pause-ms",
                        "MS",
                        "maximum time between two tokens of an answer while other prompts are prefilled, in milliseconds;"
                                + " longer prompts are prefilled in chunks (default 1000)"))
                .addOption(flag("max-new-tokens", "N", "maximum number of generated tokens (default 512)"))
                .addOption(flag("timeout", "SECONDS", "time limit of an answer (default 300)"))
                .addOption(flag("body-timeout", "SECONDS", "time limit of receiving a request (default 20)"))
                .addOption(flag("max-body-mb", "N", "maximum size of a request in megabytes (default 20)"))
                .addOption(flag("max-megapixels", "N", "maximum size of an image in megapixels (default 25)"))
                .addOption(flag("max-images", "N", "maximum number of images per request (default 8)"))
                .addOption(toggle(
                        "allow-remote-images", "fetch images from http and https URLs of public servers (default: no)"))
                .addOption(flag(
                        "cors-origin",
                        "ORIGIN[,ORIGIN...]",
                        "origins of web pages that may call the API from a browser, such as http://localhost:3000; *"
                                + " for all (default: none but the server's own page)"))
                .addOption(ModelSpec.cacheFlag())
                .addOption(ModelSpec.specialTokensFlag());
    }

    @Override
    protected void run(CommandLine line) {
        ModelSpec spec = ModelSpec.of(line, ExifOrientation.APPLY);
        ServerOptions options = serveOptions(line, spec.source().name());
        try (var model = spec.loadForChat(line, System.out::println)) {
            ChatServer server = new ChatServer(model, options).start();
            Thread stop = new Thread(() -> server.stop(options.timeout()), "llava4j-stop");
            Runtime.getRuntime().addShutdownHook(stop);
            System.out.println("serving " + options.modelId() + " at " + server.address()
                    + " (OpenAI-compatible API at /v1); stop with Ctrl-C");
            server.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ServerOptions serveOptions(CommandLine line, String modelName) {
        String key = line.getOptionValue("api-key", System.getenv(KEY_VARIABLE));
        return ServerOptions.builder()
                .host(line.getOptionValue("host", "127.0.0.1"))
                .port(integer(line, "port", 8080))
                .apiKey(key == null || key.isEmpty() ? null : key)
                .insecure(line.hasOption("insecure"))
                .allowedHosts(list(line, "allowed-host"))
                .maxConnectionsPerAddress(atLeast(1, line, "max-connections-per-address", 256))
                .maxConnections(atLeast(1, line, "max-connections", 1024))
                .maxErrorsPerSecond(atMost(line, "max-errors-per-second", 1_000_000, 100))
                .modelId(line.getOptionValue("model-id", modelName))
                .maxBodyBytes(atMost(line, "max-body-mb", 1024, 20) << 20)
                .maxPixels(atMost(line, "max-megapixels", 500, 25) * 1_000_000L)
                .maxImages(atLeast(1, line, "max-images", 8))
                .maxConcurrentRequests(atLeast(1, line, "max-concurrent-requests", 8))
                .maxQueuedRequests(atLeast(0, line, "max-queued-requests", 64))
                .maxPause(Duration.ofMillis(atLeast(1, line, "max-pause-ms", 1000)))
                .timeout(Duration.ofSeconds(atLeast(1, line, "timeout", 300)))
                .bodyTimeout(Duration.ofSeconds(atLeast(1, line, "body-timeout", 20)))
                .maxNewTokens(atLeast(1, line, "max-new-tokens", 512))
                .allowRemoteImages(line.hasOption("allow-remote-images"))
                .specialTokensInText(ModelSpec.specialTokensInText(line))
                .corsOrigins(list(line, "cors-origin"))
                .build();
    }

    /** The values of a flag, separated by commas. */
    private static List<String> list(CommandLine line, String flag) {
        String values = line.getOptionValue(flag);
        return values == null
                ? List.of()
                : Arrays.stream(values.split(",", -1)).map(String::strip).toList();
    }

    private static int atMost(CommandLine line, String flag, int max, int defaultValue) {
        int value = atLeast(1, line, flag, defaultValue);
        if (value > max) {
            throw new BadInputException("--" + flag + " is " + value + "; give " + max + " or less");
        }
        return value;
    }
}
