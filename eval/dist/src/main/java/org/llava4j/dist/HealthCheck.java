package org.llava4j.dist;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.MalformedURLException;
import java.net.Proxy;
import java.net.URL;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;

/**
 * {@code llava4j health}: asks a running server for its state. It is the health check of the container image, which has no
 * other HTTP client, and uses the JDK alone, so that it starts fast.
 */
final class HealthCheck {
    static final String NAME = "health";
    static final String SUMMARY = "state of a running server, as an exit code";
    private static final List<String> FLAGS = List.of("--port", "--url");

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_PORT = 65_535;
    /** Bytes of an answer that are read; that of a healthy server has 15. */
    private static final int MAX_BYTES = 1_000;

    private HealthCheck() {}

    /**
     * Prints the state of the server.
     *
     * @param args the arguments after the name of the command
     * @throws BadInputException if an argument is invalid or the server is not healthy
     */
    static void run(List<String> args) {
        URL url = url(args);
        CompletableFuture<String> state = CompletableFuture.supplyAsync(() -> state(url));
        try {
            String problem = state.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            if (!problem.isEmpty()) {
                throw new BadInputException(url + " is not healthy: " + problem);
            }
            System.out.println(url + " is healthy");
        } catch (TimeoutException e) {
            throw new BadInputException(url + " gave no answer within " + TIMEOUT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInputException("the check of " + url + " was interrupted", e);
        }
    }

    /** The address that is asked. */
    static URL url(List<String> args) {
        List<String> tokens = args.stream()
                .flatMap(argument ->
                        Stream.of(argument.startsWith("--") ? argument.split("=", 2) : new String[] {argument}))
                .toList();
        if (tokens.isEmpty()) {
            return url("http://127.0.0.1:8080");
        }
        if (tokens.size() != 2 || !FLAGS.contains(tokens.get(0))) {
            throw new BadInputException("health takes --port N or --url URL, got " + String.join(" ", args));
        }
        return url(tokens.get(0).equals("--url") ? tokens.get(1) : "http://127.0.0.1:" + port(tokens.get(1)));
    }

    private static URL url(String server) {
        try {
            URL url = new URL(server.replaceFirst("/+$", "") + "/health");
            if (url.getProtocol().startsWith("http") && !url.getHost().isEmpty()) {
                return url;
            }
        } catch (MalformedURLException e) {
            // refused below
        }
        throw new BadInputException("--url must begin with http:// or https:// and a host, got " + server);
    }

    private static int port(String text) {
        try {
            int port = Integer.parseInt(text);
            if (port > 0 && port <= MAX_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            // refused below
        }
        throw new BadInputException("--port must be an integer from 1 to " + MAX_PORT + ", got " + text);
    }

    /** What is wrong with a server; empty if it is healthy. */
    private static String state(URL url) {
        try {
            HttpURLConnection connection = (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout((int) TIMEOUT.toMillis());
            connection.setReadTimeout((int) TIMEOUT.toMillis());
            if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
                return "HTTP status " + connection.getResponseCode();
            }
            try (InputStream body = connection.getInputStream()) {
                String text = new String(body.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
                return text.replaceAll("\\s", "").contains("\"status\":\"ok\"")
                        ? ""
                        : "its answer is not that of a LLaVA4J server";
            }
        } catch (IOException e) {
            return e instanceof UnknownHostException ? "the host is unknown" : String.valueOf(e.getMessage());
        }
    }
}
