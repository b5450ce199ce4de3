package org.llava4j.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** OpenAI-compatible endpoint on loopback with scripted answers and failures. */
public final class ScriptedEndpoint implements AutoCloseable {
    /** Scripted failures, by status. */
    public static final String TOO_MANY = "429";

    public static final String BROKEN = "500";
    public static final String REJECTED = "400";

    /** Prefix of a text truncated by a content filter. */
    private static final String FILTERED = "content_filter|";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final AtomicInteger requests = new AtomicInteger();
    private final Map<JsonNode, Integer> received = new ConcurrentHashMap<>();

    /** Script of the answers. */
    @FunctionalInterface
    public interface Script {
        /**
         * Answers a request.
         *
         * @param time number of the request, from 1
         * @return a text, or one of the failures
         */
        String answer(String system, String question, int time);
    }

    public ScriptedEndpoint(Script script) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            received.merge(request, 1, Integer::sum);
            String answer = script.answer(
                    request.at("/messages/0/content").asText(),
                    request.at("/messages/1/content").asText(),
                    requests.incrementAndGet());
            int status = answer.matches("[45]\\d\\d") ? Integer.parseInt(answer) : 200;
            byte[] body =
                    (status == 200 ? answer(answer) : error(status)).toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    /** An answer truncated by a content filter. */
    public static String filtered(String text) {
        return FILTERED + text;
    }

    private static ObjectNode answer(String answer) {
        boolean filtered = answer.startsWith(FILTERED);
        String text = filtered ? answer.substring(FILTERED.length()) : answer;
        ObjectNode body = JSON.createObjectNode()
                .put("id", "1")
                .put("object", "chat.completion")
                .put("model", "stub");
        ObjectNode choice = body.putArray("choices")
                .addObject()
                .put("index", 0)
                .put("finish_reason", filtered ? "content_filter" : "stop");
        choice.putObject("message").put("role", "assistant").put("content", text);
        body.putObject("usage")
                .put("prompt_tokens", 5)
                .put("completion_tokens", 5)
                .put("total_tokens", 10);
        return body;
    }

    private static ObjectNode error(int status) {
        ObjectNode body = JSON.createObjectNode();
        body.putObject("error").put("message", "scripted " + status).put("type", "x");
        return body;
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
    }

    /** How often each distinct request was received. */
    public Map<JsonNode, Integer> received() {
        return Map.copyOf(received);
    }

    /** Number of requests received. */
    public int requests() {
        return requests.get();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
