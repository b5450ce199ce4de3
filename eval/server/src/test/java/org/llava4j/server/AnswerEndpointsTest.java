package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every endpoint that generates answers: limits, cancellation, metrics and malformed bodies. */
class AnswerEndpointsTest {
    @TempDir
    private Path temp;

    private int models;

    private static void waitUntil(BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 600 && !holds.getAsBoolean(); i++) {
            Thread.sleep(50);
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    private TestServer startEndless(ServerOptions options) throws IOException {
        return TestServer.endless(temp.resolve("model-" + models++), options);
    }

    private static boolean isRunning(TestServer server, int answers) {
        return server.metric("llava4j_answers_in_progress") == answers;
    }

    @ParameterizedTest
    @ValueSource(strings = {TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS, TestServer.RESPONSES})
    void disconnectStopsGeneration(String path) throws Exception {
        String gone = "llava4j_answers_abandoned_total{why=\"client gone\"}";
        try (TestServer server = startEndless(TestServer.OPTIONS)) {
            for (boolean stream : new boolean[] {true, false}) {
                double before = server.metric(gone);
                String body = TestServer.textRequest(path, "Go on")
                        .put("stream", stream)
                        .toString();
                try (Socket socket = new Socket("127.0.0.1", server.port())) {
                    String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
                    String request = head + "Content-Length: " + body.length() + "\r\n\r\n" + body;
                    socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
                    waitUntil(() -> isRunning(server, 1));
                }
                waitUntil(() -> server.metric(gone) == before + 1);
                waitUntil(() -> isRunning(server, 0));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS, TestServer.RESPONSES})
    void requestBeyondQueueIsRejectedWith429(String path) throws Exception {
        ServerOptions options = TestServer.options()
                .maxConcurrentRequests(1)
                .maxQueuedRequests(0)
                .maxNewTokens(500)
                .build();
        try (TestServer server = startEndless(options)) {
            CompletableFuture<HttpResponse<String>> running =
                    CompletableFuture.supplyAsync(() -> server.post(path, TestServer.textRequest(path, "Go on")));
            waitUntil(() -> isRunning(server, 1));
            HttpResponse<String> rejected = server.post(path, TestServer.textRequest(path, "And I?"));
            assertThat(rejected.statusCode()).isEqualTo(429);
            assertThat(rejected.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(running.join().statusCode()).isEqualTo(200);
            String answered = "llava4j_requests_total{path=\"" + path + "\",status=\"200\"}";
            waitUntil(() -> server.metric(answered) == 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS, TestServer.RESPONSES})
    void timeoutAndShutdownEndAnswersWithError(String path) throws Exception {
        ServerOptions options =
                TestServer.options().timeout(Duration.ofMillis(100)).build();
        try (TestServer server = startEndless(options)) {
            ObjectNode request = TestServer.textRequest(path, "Go on");
            assertThat(server.post(path, request).statusCode()).isEqualTo(504);
            assertThat(server.post(path, request.put("stream", true)).body())
                    .contains("\"code\":\"timeout\"")
                    .doesNotContain("[DONE]", "response.completed");
        }
        TestServer server = startEndless(TestServer.OPTIONS);
        CompletableFuture<HttpResponse<String>> running =
                CompletableFuture.supplyAsync(() -> server.post(path, TestServer.textRequest(path, "Go on")));
        waitUntil(() -> isRunning(server, 1));
        server.close();
        assertThat(running.join().statusCode()).isEqualTo(503);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestServer.CHAT_COMPLETIONS, TestServer.COMPLETIONS, TestServer.RESPONSES})
    void keyBodySizeAndMethodAreChecked(String path) {
        try (TestServer server =
                TestServer.trained(TestServer.options().apiKey("secret").build())) {
            assertThat(server.post(path, TestServer.textRequest(path, "Is it?")).statusCode())
                    .isEqualTo(401);
        }
        try (TestServer server =
                TestServer.trained(TestServer.options().maxBodyBytes(1000).build())) {
            assertThat(server.post(path, TestServer.textRequest(path, "x".repeat(2000)))
                            .statusCode())
                    .isEqualTo(413);
            assertThat(server.get(path).statusCode()).isEqualTo(405);
            assertThat(server.post(path, BodyPublishers.ofString("{}"), "text/plain")
                            .statusCode())
                    .isEqualTo(415);
            for (String body : new String[] {"", "{", "[]", "3", "nonsense", "{\"model\":\"small\"}{}"}) {
                assertThat(server.post(path, BodyPublishers.ofString(body), "application/json")
                                .statusCode())
                        .as(body)
                        .isEqualTo(400);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TestServer.COMPLETIONS, TestServer.RESPONSES})
    void randomlyChangedRequestsGetValidStatus(String path) {
        Random random = new Random(11);
        String good = seed(path).toString();
        // The image is most of the request: its bytes stay, so that the rest is what changes.
        int image = good.indexOf("base64,");
        int imageEnd = image < 0 ? 0 : good.indexOf('"', image);
        try (TestServer server = TestServer.trained(TestServer.OPTIONS)) {
            for (int round = 0; round < 300; round++) {
                byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
                for (int i = random.nextInt(4); i >= 0; i--) {
                    int position = random.nextInt(bytes.length);
                    if (position >= image && position < imageEnd) {
                        position = random.nextBoolean()
                                ? position % image
                                : imageEnd + position % (bytes.length - imageEnd);
                    }
                    bytes[position] = (byte) random.nextInt(256);
                }
                HttpResponse<String> response =
                        server.post(path, BodyPublishers.ofByteArray(bytes), "application/json");
                assertThat(response.statusCode())
                        .as("round %d: %s", round, response.body())
                        .isBetween(200, 499);
                if (response.statusCode() != 200) {
                    assertThat(TestServer.json(response).at("/error/message").textValue())
                            .isNotBlank();
                }
            }
        }
    }

    /** A request with many fields. */
    private static ObjectNode seed(String path) {
        if (path.equals(TestServer.COMPLETIONS)) {
            ObjectNode request = TestServer.textRequest(path, "Is it?").put("max_tokens", 1);
            request.putArray("prompt").add("Is it?").add("And so?");
            request.put("n", 2).put("logprobs", 2).put("echo", false).put("stream", true);
            request.putObject("stream_options").put("include_usage", true);
            return request;
        }
        ObjectNode request = TestServer.mapInput().put("max_output_tokens", 1).put("top_logprobs", 1);
        request.putArray("include").add("message.output_text.logprobs");
        request.putObject("metadata").put("topic", "maps");
        request.putObject("text").putObject("format").put("type", "text");
        request.put("instructions", "Look.").put("store", false).put("stream", true);
        return request;
    }
}
