package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams of stalled and of slow clients: they hold thread and slot until the time limit, not longer. */
class UnreadStreamsTest {
    /** Long enough for a stream to fill the buffers of its connection. */
    private static final Duration TIMEOUT = Duration.ofSeconds(6);

    private static final ServerOptions OPTIONS = TestServer.options()
            .maxConcurrentRequests(2)
            .maxQueuedRequests(0)
            .timeout(TIMEOUT)
            // Longer than the test waits: the end of a stream is the time limit's doing.
            .bodyTimeout(Duration.ofHours(1))
            .build();

    @TempDir
    private Path temp;

    private static void waitUntil(String what, BooleanSupplier holds) throws InterruptedException {
        int tries = 0;
        while (!holds.getAsBoolean()) {
            assertThat(tries++).as(what).isLessThan(500);
            Thread.sleep(50);
        }
    }

    /** A request whose stream has kilobytes for each token. */
    private static Socket startStream(TestServer server) throws IOException {
        ObjectNode body = TestServer.textRequest("Go on")
                .put("stream", true)
                .put("logprobs", true)
                .put("top_logprobs", 20);
        Socket socket = new Socket();
        socket.setReceiveBufferSize(1024);
        socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
        String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.toString().length() + "\r\n\r\n";
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static void readSlowly(Socket socket) {
        Thread reader = new Thread(() -> {
            try {
                while (socket.getInputStream().read(new byte[64]) > 0) {
                    Thread.sleep(50);
                }
            } catch (IOException | InterruptedException e) {
                // Closed by the server or by the test.
            }
        });
        reader.setDaemon(true);
        reader.start();
    }

    @Test
    void streamsThatAreNotReadEndAtTimeLimit() throws Exception {
        try (TestServer server = TestServer.endless(temp.resolve("model"), OPTIONS);
                Socket unread = startStream(server);
                Socket slow = startStream(server)) {
            readSlowly(slow);
            waitUntil("two threads are sending", () -> ServerThreads.inStreams() == 2);
            assertThat(server.post(TestServer.textRequest("And I?")).statusCode())
                    .as("no slot is free")
                    .isEqualTo(429);
            waitUntil("no thread is sending", () -> ServerThreads.inStreams() == 0);
            waitUntil("the slots are free", () -> server.metric("llava4j_answers_in_progress") == 0);
            assertThat(server.metric("llava4j_answers_abandoned_total{why=\"timeout\"}"))
                    .isEqualTo(2);
            waitUntil("the requests are counted", () -> server.metric("llava4j_client_disconnects_total") == 2);
            assertThat(unread.isClosed() || slow.isClosed())
                    .as("clients have left")
                    .isFalse();
            assertThat(server.post(TestServer.textRequest("And now?").put("max_tokens", 1))
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void streamThatPausesWhileServerStopsIsComplete() throws Exception {
        try (TestServer server = TestServer.endless(temp.resolve("model"), OPTIONS);
                Socket paused = startStream(server)) {
            waitUntil("a write waits for the client", () -> ServerThreads.inStreams() == 1);
            Thread stop = new Thread(() -> server.server.stop(TIMEOUT));
            stop.start();
            Thread.sleep(1000); // longer than the idle time of connections without an answer
            assertThat(new String(paused.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("data: [DONE]");
            stop.join();
        }
    }

    @Test
    void streamThatIsReadEndsWithTimeoutEvent() throws Exception {
        ServerOptions options =
                TestServer.options().timeout(Duration.ofMillis(300)).build();
        try (TestServer server = TestServer.endless(temp.resolve("model"), options)) {
            assertThat(server.post(TestServer.textRequest("Go on").put("stream", true))
                            .body())
                    .contains("\"code\":\"timeout\"");
            assertThat(server.metric("llava4j_client_disconnects_total")).isZero();
        }
    }
}
