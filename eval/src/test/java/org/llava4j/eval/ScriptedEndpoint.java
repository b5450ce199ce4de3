package org.llava4j.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A model of OpenAI's protocol on loopback that says what a test wants, and fails as it wants. */
public final class ScriptedEndpoint implements AutoCloseable {
    /** How it fails. */
    public static final String TOO_MANY = "429";

    public static final String BROKEN = "500";
    public static final String REFUSED = "400";

    /** Marks a text that a content filter cut. */
    private static final String FILTERED = "content_filter|";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final AtomicInteger asked = new AtomicInteger();

    /** What it says to a conversation. */
    @FunctionalInterface
    public interface Script {
        /** @return a text, or one of the failures */
        String say(String system, String question, int time);
    }

    public ScriptedEndpoint(Script script) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            JsonNode request = JSON.readTree(exchange.getRequestBody());
            String said = script.say(
                    request.at("/messages/0/content").asText(),
                    request.at("/messages/1/content").asText(),
                    asked.incrementAndGet());
            int status = said.matches("[45]\\d\\d") ? Integer.parseInt(said) : 200;
            byte[] body =
                    (status == 200 ? answer(said) : error(status)).toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    /** An answer that a content filter cut. */
    public static String filtered(String text) {
        return FILTERED + text;
    }

    private static ObjectNode answer(String said) {
        boolean filtered = said.startsWith(FILTERED);
        String text = filtered ? said.substring(FILTERED.length()) : said;
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

    /** How often it was asked. */
    public int asked() {
        return asked.get();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
