package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that disconnect, stall, flood the server or send malformed data. The server answers with an error where it
 * can, stops abandoned generation, and stays available.
 */
class MisbehavingClientsTest {
    private static final String CHAT =
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + "Content-Type: application/json\r\n";

    @TempDir
    private Path temp;

    private TestServer server;

    @AfterEach
    void stop() {
        assertThat(server.get("/health").statusCode()).as("still available").isEqualTo(200);
        server.close();
    }

    private TestServer startEndless(ServerOptions options) throws IOException {
        server = TestServer.endless(temp.resolve("model"), options);
        return server;
    }

    private TestServer startTrained() {
        server = TestServer.trained(TestServer.OPTIONS);
        return server;
    }

    private static void waitUntil(BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 600 && !holds.getAsBoolean(); i++) {
            Thread.sleep(50);
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static void sendRequest(Socket socket, ObjectNode body) throws IOException {
        write(socket, CHAT + "Content-Length: " + body.toString().length() + "\r\n\r\n" + body);
    }

    private static String firstLine(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
    }

    @Test
    void requestBeyondQueueIsRejectedWith429() throws Exception {
        startEndless(TestServer.options()
                .maxConcurrentRequests(1)
                .maxQueuedRequests(1)
                .maxNewTokens(500)
                .build());
        List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            running.add(CompletableFuture.supplyAsync(() -> server.post(TestServer.textRequest("Go on"))));
        }
        waitUntil(() -> server.metric("llava4j_answers_in_progress") == 2);
        HttpResponse<String> rejected = server.post(TestServer.textRequest("And I?"));
        assertThat(rejected.statusCode()).isEqualTo(429);
        assertThat(rejected.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(TestServer.json(rejected).at("/error/type").textValue()).isEqualTo("rate_limit_error");
        for (CompletableFuture<HttpResponse<String>> request : running) {
            assertThat(request.join().statusCode()).isEqualTo(200);
        }
        assertThat(server.post(TestServer.textRequest("And now?").put("max_tokens", 1))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void timeoutStopsGenerationWithError() throws Exception {
        startEndless(TestServer.options().timeout(Duration.ofMillis(100)).build());
        HttpResponse<String> late = server.post(TestServer.textRequest("Go on"));
        assertThat(late.statusCode()).isEqualTo(504);
        assertThat(TestServer.json(late).at("/error/code").textValue()).isEqualTo("timeout");
        HttpResponse<String> streamed =
                server.post(TestServer.textRequest("Go on").put("stream", true));
        assertThat(streamed.body()).contains("\"code\":\"timeout\"").doesNotContain("[DONE]");
        waitUntil(() -> server.metric("llava4j_answers_in_progress") == 0);
    }

    @Test
    void streamsRunConcurrently() throws Exception {
        startEndless(TestServer.OPTIONS);
        try (Socket first = connect();
                Socket second = connect()) {
            sendRequest(first, TestServer.textRequest("Go on").put("stream", true));
            InputStream in = first.getInputStream();
            in.readNBytes(2000);
            sendRequest(
                    second, TestServer.textRequest("And on").put("stream", true).put("max_tokens", 5));
            String all = new String(readUntil(second, "[DONE]"), StandardCharsets.UTF_8);
            assertThat(all).contains("\"finish_reason\":\"length\"");
            assertThat(server.metric("llava4j_answers_in_progress"))
                    .as("the first is still running")
                    .isEqualTo(1);
        }
    }

    private static byte[] readUntil(Socket socket, String end) throws IOException {
        StringBuilder all = new StringBuilder();
        byte[] piece = new byte[4096];
        while (all.indexOf(end) < 0) {
            int read = socket.getInputStream().read(piece);
            if (read < 0) {
                break;
            }
            all.append(new String(piece, 0, read, StandardCharsets.UTF_8));
        }
        return all.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void oversizedBodyIsRejectedWith413() throws Exception {
        startTrained();
        for (String length : List.of("Transfer-Encoding: chunked", "Content-Length: 999999999999")) {
            try (Socket socket = connect()) {
                write(socket, CHAT + length + "\r\n\r\n");
                CompletableFuture<String> statusLine = CompletableFuture.supplyAsync(() -> {
                    try {
                        return firstLine(socket);
                    } catch (IOException e) {
                        return e.toString();
                    }
                });
                String chunk = "2000\r\n" + " ".repeat(0x2000) + "\r\n";
                try {
                    for (int i = 0; i < 10_000 && !statusLine.isDone(); i++) {
                        write(socket, chunk);
                    }
                } catch (IOException e) {
                    // Closed by the server.
                }
                assertThat(statusLine.join()).as(length).contains(" 413 ");
            }
        }
    }

    @Test
    void stalledBodyIsRejectedWith408() throws Exception {
        startTrained();
        try (Socket stalled = connect();
                Socket slow = connect()) {
            write(stalled, CHAT + "Content-Length: 100\r\n\r\n{");
            write(slow, CHAT + "Content-Length: 100000\r\n\r\n");
            Thread sender = new Thread(() -> {
                try {
                    for (int i = 0; i < 200; i++) {
                        write(slow, " ");
                        Thread.sleep(100);
                    }
                } catch (IOException | InterruptedException e) {
                    // Closed by the server.
                }
            });
            sender.setDaemon(true);
            sender.start();
            assertThat(firstLine(stalled)).contains(" 408 ");
            assertThat(firstLine(slow)).contains(" 408 ");
        }
    }

    @Test
    void malformedHttpIsRejectedInErrorFormat() throws Exception {
        startTrained();
        for (String malformed : List.of(
                "nonsense\r\n\r\n",
                "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(100_000) + "\r\n\r\n")) {
            try (Socket socket = connect()) {
                write(socket, malformed);
                String all = new String(readUntil(socket, "}}"), StandardCharsets.UTF_8);
                assertThat(all).startsWith("HTTP/1.1 4").contains("\"type\":\"invalid_request_error\"");
            }
        }
    }

    @Test
    void randomlyChangedRequestsGetValidStatus() throws Exception {
        startTrained();
        Random random = new Random(7);
        String good = TestServer.mapRequest().put("max_tokens", 1).toString();
        // The image is most of the request: half of the rounds change other bytes only.
        int imageStart = good.indexOf("base64,");
        int imageEnd = good.indexOf('"', imageStart);
        for (int round = 0; round < 400; round++) {
            byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
            for (int i = random.nextInt(4); i >= 0; i--) {
                int position = random.nextInt(bytes.length);
                if (round % 2 == 0 && position >= imageStart && position < imageEnd) {
                    position = random.nextBoolean()
                            ? position % imageStart
                            : imageEnd + position % (bytes.length - imageEnd);
                }
                bytes[position] = (byte) random.nextInt(256);
            }
            HttpResponse<String> response =
                    server.post(java.net.http.HttpRequest.BodyPublishers.ofByteArray(bytes), "application/json");
            assertThat(response.statusCode())
                    .as("round %d: %s", round, response.body())
                    .isBetween(200, 499);
            if (response.statusCode() != 200) {
                assertThat(TestServer.json(response).at("/error/message").textValue())
                        .isNotBlank();
            }
        }
    }

    @Test
    void stoppingLetsAnswersEndAndTakesNoMore() throws Exception {
        startEndless(TestServer.OPTIONS);
        CompletableFuture<HttpResponse<String>> running = CompletableFuture.supplyAsync(
                () -> server.post(TestServer.textRequest("Go on").put("max_tokens", 500)));
        waitUntil(() -> server.metric("llava4j_answers_in_progress") == 1);
        server.server.stop(Duration.ofSeconds(60));
        assertThat(running.join().statusCode()).isEqualTo(200);
        assertThat(TestServer.json(running.join())
                        .at("/usage/completion_tokens")
                        .intValue())
                .isEqualTo(500);
        server = TestServer.trained(TestServer.OPTIONS);
    }
}
