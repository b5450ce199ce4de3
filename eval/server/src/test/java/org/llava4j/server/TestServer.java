package org.llava4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A server on loopback with a small model, and an HTTP client for its tests. */
final class TestServer implements AutoCloseable, AfterAllCallback {
    static final String ID = "small";
    static final String CHAT_COMPLETIONS = "/v1/chat/completions";
    static final String COMPLETIONS = "/v1/completions";
    static final String RESPONSES = "/v1/responses";
    static final ObjectMapper JSON = new ObjectMapper();
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    static final Path MAP = ROOT.resolve("resources/readme/map.png");
    static final String MAP_QUESTION = "Which way is it from the house to the tree?\nContext: N/A\n"
            + "Options: (A) north (B) south (C) east (D) west";
    static final String MAP_ANSWER = "The answer is C.";
    static final ServerOptions OPTIONS = options().build();

    private static LlavaModel taught;

    final ChatServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    private TestServer(LlavaModel model, ServerOptions options) {
        server = new ChatServer(model, options).start();
    }

    /** Another model. */
    static TestServer of(LlavaModel model, ServerOptions options) {
        return new TestServer(model, options);
    }

    /** The model that ships with the project. */
    static synchronized TestServer trained(ServerOptions options) {
        if (taught == null) {
            taught = LlavaModel.load(ROOT.resolve("resources/tiny/llava"));
        }
        return new TestServer(taught, options);
    }

    /**
     * A model with random weights that repeats a few words until the request's limit, at most 500 tokens a second. Its
     * context has 32,768 tokens.
     */
    static TestServer endless(Path folder, ServerOptions options) throws IOException {
        return new TestServer(PacedModel.of(endlessModel(folder)), options);
    }

    /** The model of {@link #endless} at its full speed. */
    static LlavaModel endlessModel(Path folder) throws IOException {
        Path golden = ROOT.resolve("resources/golden");
        Files.createDirectories(folder);
        String config = Files.readString(golden.resolve("f_e2e/stage1_out/config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                config.replace(
                                "../a_clip56",
                                golden.resolve("a_clip56").toAbsolutePath().toString())
                        .replace("\"max_position_embeddings\": 2048", "\"max_position_embeddings\": 32768"));
        Files.copy(golden.resolve("f_e2e/stage1_init.safetensors"), folder.resolve("model.safetensors"));
        Files.copy(golden.resolve("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        ChatFormat chat = new ChatFormat(ConversationTemplates.of("v1"), true);
        return LlavaModel.load(folder, chat);
    }

    /** The same model with a NaN in a row of the LM head that decides the token after the prompt. */
    static TestServer damaged(Path folder, ServerOptions options) throws IOException {
        endless(folder, options).close();
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            file.tensors().keySet().forEach(name -> tensors.put(name, file.read(name)));
        }
        tensors.get("lm_head.weight").putScalar(new long[] {9, 0}, Float.NaN);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        ChatFormat chat = new ChatFormat(ConversationTemplates.of("v1"), true);
        return new TestServer(LlavaModel.load(folder, chat), options);
    }

    /** Options of a small server on any free port. */
    static ServerOptions.Builder options() {
        return ServerOptions.builder()
                .port(0)
                .modelId(ID)
                .maxBodyBytes(4 << 20)
                .maxPixels(2_000_000)
                .maxImages(2)
                .maxConcurrentRequests(4)
                .timeout(Duration.ofSeconds(60))
                .bodyTimeout(Duration.ofSeconds(2))
                .maxNewTokens(4096);
    }

    URI uri(String path) {
        return server.address().resolve(path);
    }

    int port() {
        return server.port();
    }

    /** A request with a question about the map image. */
    static ObjectNode mapRequest() {
        ObjectNode body = JSON.createObjectNode().put("model", ID);
        var content = body.putArray("messages").addObject().put("role", "user").putArray("content");
        content.addObject().put("type", "image_url").putObject("image_url").put("url", dataUrl(MAP));
        content.addObject().put("type", "text").put("text", MAP_QUESTION);
        return body;
    }

    static ObjectNode textRequest(String text) {
        ObjectNode body = JSON.createObjectNode().put("model", ID);
        body.putArray("messages").addObject().put("role", "user").put("content", text);
        return body;
    }

    /** A request about a text to an endpoint that generates answers. */
    static ObjectNode textRequest(String path, String text) {
        return switch (path) {
            case COMPLETIONS ->
                JSON.createObjectNode().put("model", ID).put("prompt", text).put("max_tokens", 4096);
            case RESPONSES -> JSON.createObjectNode().put("model", ID).put("input", text);
            default -> textRequest(text);
        };
    }

    /** A response request with a question about the map image. */
    static ObjectNode mapInput() {
        ObjectNode body = JSON.createObjectNode().put("model", ID);
        var content = body.putArray("input").addObject().put("role", "user").putArray("content");
        content.addObject().put("type", "input_image").put("image_url", dataUrl(MAP));
        content.addObject().put("type", "input_text").put("text", MAP_QUESTION);
        return body;
    }

    static String dataUrl(String mimeType, byte[] image) {
        return "data:" + mimeType + ";base64," + Base64.getEncoder().encodeToString(image);
    }

    static String dataUrl(Path image) {
        try {
            return dataUrl("image/png", Files.readAllBytes(image));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HttpResponse<String> post(JsonNode body) {
        return post(BodyPublishers.ofString(body.toString()), "application/json");
    }

    HttpResponse<String> post(BodyPublisher body, String type) {
        return post(CHAT_COMPLETIONS, body, type);
    }

    HttpResponse<String> post(String path, JsonNode body) {
        return post(path, BodyPublishers.ofString(body.toString()), "application/json");
    }

    HttpResponse<String> post(String path, BodyPublisher body, String type) {
        return send(
                HttpRequest.newBuilder(uri(path)).header("Content-Type", type).POST(body));
    }

    HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(uri(path)));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.timeout(Duration.ofSeconds(90)).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(HttpResponse<String> response) {
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String answer(HttpResponse<String> response) {
        return answer(json(response));
    }

    static String answer(JsonNode response) {
        return response.at("/choices/0/message/content").textValue();
    }

    /** Value of a metric, or 0. */
    double metric(String name) {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    @Override
    public void close() {
        server.close();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        close();
    }
}
