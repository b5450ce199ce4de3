package org.llava4j.eval.serve;

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

/** Clients that go, wait, flood or lie: the server tells them what it can, stops what nobody wants, and lives on. */
class MisbehavingClientsTest {
    private static final String CHAT =
            "POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\n" + "Content-Type: application/json\r\n";

    @TempDir
    private Path temp;

    private TestServer served;

    @AfterEach
    void stop() {
        assertThat(served.get("/health").statusCode()).as("it lives on").isEqualTo(200);
        served.close();
    }

    private TestServer endless(ServeOptions options) throws IOException {
        served = TestServer.endless(temp.resolve("model"), options);
        return served;
    }

    private TestServer taught() {
        served = TestServer.trained(TestServer.OPTIONS);
        return served;
    }

    private static void until(BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 600 && !holds.getAsBoolean(); i++) {
            Thread.sleep(50);
        }
        assertThat(holds.getAsBoolean()).isTrue();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", served.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static void ask(Socket socket, ObjectNode body) throws IOException {
        write(socket, CHAT + "Content-Length: " + body.toString().length() + "\r\n\r\n" + body);
    }

    private static String firstLine(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
    }

    @Test
    void anAnswerWhoseClientGoesIsStopped() throws Exception {
        endless(TestServer.OPTIONS);
        for (boolean stream : new boolean[] {true, false}) {
            double before = served.metric("llava4j_answers_abandoned_total{why=\"client gone\"}");
            try (Socket socket = connect()) {
                ask(socket, TestServer.asking("Go on").put("stream", stream));
                until(() -> served.metric("llava4j_answers_in_progress") == 1);
            }
            until(() -> served.metric("llava4j_answers_abandoned_total{why=\"client gone\"}") == before + 1);
            until(() -> served.metric("llava4j_answers_in_progress") == 0);
        }
    }

    @Test
    void aQuestionBeyondTheQueueIsToldToComeAgain() throws Exception {
        endless(TestServer.with(node -> node.put("atOnce", 1).put("queue", 1)));
        List<CompletableFuture<HttpResponse<String>>> running = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            running.add(CompletableFuture.supplyAsync(() -> served.post(TestServer.asking("Go on"))));
        }
        until(() -> served.metric("llava4j_answers_in_progress") == 2);
        HttpResponse<String> refused = served.post(TestServer.asking("And I?"));
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(TestServer.json(refused).at("/error/type").textValue()).isEqualTo("rate_limit_error");
        for (CompletableFuture<HttpResponse<String>> one : running) {
            assertThat(one.join().statusCode()).isEqualTo(200);
        }
        assertThat(served.post(TestServer.asking("And now?").put("max_tokens", 1))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void anAnswerThatTakesTooLongIsStoppedAndToldOf() throws Exception {
        endless(TestServer.with(node -> node.put("timeoutMillis", 100)));
        HttpResponse<String> late = served.post(TestServer.asking("Go on"));
        assertThat(late.statusCode()).isEqualTo(504);
        assertThat(TestServer.json(late).at("/error/code").textValue()).isEqualTo("timeout");
        HttpResponse<String> streamed = served.post(TestServer.asking("Go on").put("stream", true));
        assertThat(streamed.body()).contains("\"code\":\"timeout\"").doesNotContain("[DONE]");
        until(() -> served.metric("llava4j_answers_in_progress") == 0);
    }

    @Test
    void twoStreamsComeSideBySide() throws Exception {
        endless(TestServer.OPTIONS);
        try (Socket first = connect();
                Socket second = connect()) {
            ask(first, TestServer.asking("Go on").put("stream", true));
            InputStream in = first.getInputStream();
            in.readNBytes(2000);
            ask(second, TestServer.asking("And on").put("stream", true).put("max_tokens", 5));
            String all = new String(readUntil(second, "[DONE]"), StandardCharsets.UTF_8);
            assertThat(all).contains("\"finish_reason\":\"length\"");
            assertThat(served.metric("llava4j_answers_in_progress"))
                    .as("the first goes on")
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
    void anEndlessBodyIsCutAndToldOf() throws Exception {
        taught();
        for (String length : List.of("Transfer-Encoding: chunked", "Content-Length: 999999999999")) {
            try (Socket socket = connect()) {
                write(socket, CHAT + length + "\r\n\r\n");
                CompletableFuture<String> told = CompletableFuture.supplyAsync(() -> {
                    try {
                        return firstLine(socket);
                    } catch (IOException e) {
                        return e.toString();
                    }
                });
                String chunk = "2000\r\n" + " ".repeat(0x2000) + "\r\n";
                try {
                    for (int i = 0; i < 10_000 && !told.isDone(); i++) {
                        write(socket, chunk);
                    }
                } catch (IOException e) {
                    // Closed by the server.
                }
                assertThat(told.join()).as(length).contains(" 413 ");
            }
        }
    }

    @Test
    void aBodyThatDoesNotComeIsNotWaitedForLong() throws Exception {
        taught();
        try (Socket silent = connect();
                Socket dripping = connect()) {
            write(silent, CHAT + "Content-Length: 100\r\n\r\n{");
            write(dripping, CHAT + "Content-Length: 100000\r\n\r\n");
            Thread drip = new Thread(() -> {
                try {
                    for (int i = 0; i < 200; i++) {
                        write(dripping, " ");
                        Thread.sleep(100);
                    }
                } catch (IOException | InterruptedException e) {
                    // Closed by the server.
                }
            });
            drip.setDaemon(true);
            drip.start();
            assertThat(firstLine(silent)).contains(" 408 ");
            assertThat(firstLine(dripping)).contains(" 408 ");
        }
    }

    @Test
    void whatIsNoHttpIsToldInTheSameShape() throws Exception {
        taught();
        for (String nonsense : List.of(
                "nonsense\r\n\r\n",
                "GET /../../etc/passwd HTTP/1.1\r\nHost: here\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: here\r\nX: " + "x".repeat(100_000) + "\r\n\r\n")) {
            try (Socket socket = connect()) {
                write(socket, nonsense);
                String all = new String(readUntil(socket, "}}"), StandardCharsets.UTF_8);
                assertThat(all).startsWith("HTTP/1.1 4").contains("\"type\":\"invalid_request_error\"");
            }
        }
    }

    @Test
    void requestsWithChangedBytesAreAnsweredOrRefused() throws Exception {
        taught();
        Random random = new Random(7);
        String good = TestServer.aboutTheMap().put("max_tokens", 1).toString();
        // Most of it is the picture: half of the changes go elsewhere.
        int picture = good.indexOf("base64,");
        int behind = good.indexOf('"', picture);
        for (int round = 0; round < 400; round++) {
            byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(bytes.length);
                if (round % 2 == 0 && at >= picture && at < behind) {
                    at = random.nextBoolean() ? at % picture : behind + at % (bytes.length - behind);
                }
                bytes[at] = (byte) random.nextInt(256);
            }
            HttpResponse<String> response =
                    served.post(java.net.http.HttpRequest.BodyPublishers.ofByteArray(bytes), "application/json");
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
        endless(TestServer.OPTIONS);
        CompletableFuture<HttpResponse<String>> running = CompletableFuture.supplyAsync(
                () -> served.post(TestServer.asking("Go on").put("max_tokens", 500)));
        until(() -> served.metric("llava4j_answers_in_progress") == 1);
        served.server.stop(Duration.ofSeconds(60));
        assertThat(running.join().statusCode()).isEqualTo(200);
        assertThat(TestServer.json(running.join())
                        .at("/usage/completion_tokens")
                        .intValue())
                .isEqualTo(500);
        served = TestServer.trained(TestServer.OPTIONS);
    }
}
