package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that keep connections open without sending or receiving: they hold no thread, and not all connections. */
class HeldConnectionsTest {
    /** More than the server has threads. */
    private static final int HELD = 150;

    /** Requests of a connection; their responses are more than what the system buffers. */
    private static final int PAGES = 50;

    private static final long POLL_MILLIS = 50;
    private static final String CHAT = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";
    private static final String JSON = "Content-Type: application/json\r\n";
    private static final String DISCONNECTS = "llava4j_client_disconnects_total";

    @TempDir
    private Path temp;

    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void closeSockets() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** Connects from an address of this machine. */
    private Socket connect(TestServer server, String from) throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.setReceiveBufferSize(1024);
        socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
        socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
        return socket;
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void waitUntil(BooleanSupplier holds) throws InterruptedException {
        int tries = 0;
        while (!holds.getAsBoolean()) {
            assertThat(tries++).isLessThan(600);
            Thread.sleep(POLL_MILLIS);
        }
    }

    @Test
    void bodiesThatDoNotComeHoldNoThread() throws Exception {
        ServerOptions options =
                TestServer.options().bodyTimeout(Duration.ofHours(1)).build();
        try (TestServer server = TestServer.trained(options)) {
            for (int i = 0; i < HELD; i++) {
                write(connect(server, "127.0.0.2"), CHAT + JSON + "Content-Length: 100\r\n\r\n{");
            }
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            assertThat(TestServer.answer(server.post(TestServer.mapRequest()))).isEqualTo(TestServer.MAP_ANSWER);
            waitUntil(() -> ServerThreads.inRequests() == 0);
            for (Socket socket : sockets) {
                assertThat(socket.getInputStream().available())
                        .as("the others still wait for a response")
                        .isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                CHAT + JSON + "Content-Length: 99999999\r\n\r\n{",
                CHAT + "Content-Length: 100\r\n\r\n{",
                "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: evil.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
            })
    void rejectedRequestsHoldNoThread(String request) throws Exception {
        try (TestServer server = TestServer.trained(TestServer.OPTIONS)) {
            for (int i = 0; i < HELD; i++) {
                write(connect(server, "127.0.0.2"), request);
            }
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            for (Socket socket : sockets) {
                assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8))
                        .startsWith("HTTP/1.1 4");
            }
            waitUntil(() -> isRejectedWithoutThread(server, request));
        }
    }

    /**
     * Whether no thread is in a request while the server still drops the body of a rejected one. The server gives up after
     * a while, so each try has a connection of its own.
     */
    private boolean isRejectedWithoutThread(TestServer server, String request) {
        try {
            Socket socket = connect(server, "127.0.0.3");
            write(socket, request);
            socket.getInputStream().readNBytes(12);
            Thread.sleep(POLL_MILLIS);
            boolean isFree = ServerThreads.inRequests() == 0;
            // Two parts of the body: the first one resets a connection that the server has closed.
            write(socket, "1");
            Thread.sleep(POLL_MILLIS);
            write(socket, "2");
            return isFree;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void responsesThatAreNotReadHoldNoThread() throws Exception {
        ServerOptions options =
                TestServer.options().bodyTimeout(Duration.ofHours(1)).build();
        try (TestServer server = TestServer.trained(options)) {
            String pages = "GET /example.png HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(PAGES);
            for (int i = 0; i < HELD; i++) {
                write(connect(server, "127.0.0.2"), pages);
            }
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            waitUntil(() -> ServerThreads.inRequests() == 0);
            requireUnread(sockets.get(HELD - 1));
        }
    }

    /** Checks that all responses of a connection arrive, so that it had unsent ones before. */
    private static void requireUnread(Socket socket) throws IOException {
        int bytes;
        try (InputStream image = ChatServer.class.getResourceAsStream("example.png")) {
            bytes = PAGES * Objects.requireNonNull(image).readAllBytes().length;
        }
        assertThat(socket.getInputStream().readNBytes(bytes)).hasSize(bytes);
    }

    @Test
    void answerMayTakeLongerThanIdleTime() throws Exception {
        ServerOptions options =
                TestServer.options().bodyTimeout(Duration.ofMillis(200)).build();
        try (TestServer server = TestServer.endless(temp.resolve("model"), options)) {
            HttpResponse<String> answer =
                    server.post(TestServer.textRequest("Go on").put("max_tokens", 500));
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
    }

    @Test
    void clientThatLeavesIsNoErrorOfServer() throws Exception {
        try (TestServer server = TestServer.trained(TestServer.OPTIONS)) {
            try (Socket socket = connect(server, "127.0.0.1")) {
                write(socket, CHAT + JSON + "Content-Length: 100\r\n\r\n{");
            }
            waitUntil(() -> server.metric(DISCONNECTS) == 1);
            assertThat(server.get("/metrics").body()).doesNotContain("status=\"500\"", "status=\"0\"");
        }
    }

    @Test
    void connectionsOfOneAddressAreLimited() throws Exception {
        ServerOptions options = TestServer.options().maxConnectionsPerAddress(5).build();
        try (TestServer server = TestServer.trained(options)) {
            for (int i = 0; i < 5; i++) {
                requireHealth(connect(server, "127.0.0.2"));
            }
            InputStream sixth = connect(server, "127.0.0.2").getInputStream();
            assertThat(sixth.read()).as("closed").isEqualTo(-1);
            assertThat(server.metric("llava4j_connections_refused_total")).isEqualTo(1);
            requireHealth(connect(server, "127.0.0.3"));
            requireHealth(sockets.get(0));
            sockets.get(0).close();
            waitUntil(() -> {
                try {
                    requireHealth(connect(server, "127.0.0.2"));
                    return true;
                } catch (IOException | AssertionError e) {
                    return false;
                }
            });
        }
    }

    @Test
    void connectionsOfAllAddressesAreLimited() throws Exception {
        ServerOptions options = TestServer.options().maxConnections(6).build();
        try (TestServer server = TestServer.trained(options)) {
            for (int i = 0; i < 6; i++) {
                requireHealth(connect(server, "127.0.0.2"));
            }
            assertThat(connect(server, "127.0.0.2").getInputStream().read())
                    .as("closed")
                    .isEqualTo(-1);
            Socket other = connect(server, "127.0.0.3");
            requireHealth(other);
            assertThat(sockets.get(5).getInputStream().read())
                    .as("the newest of the others is closed instead")
                    .isEqualTo(-1);
            requireHealth(sockets.get(4));
            requireHealth(connect(server, "127.0.0.3"));
            requireHealth(connect(server, "127.0.0.4"));
            requireHealth(sockets.get(0));
        }
    }

    /** It does not wait for the end of the running answer, which takes half a minute or more. */
    @Test
    void displacedRequestIsAnsweredWhileOthersRun() throws Exception {
        ServerOptions options = TestServer.options()
                .maxConcurrentRequests(1)
                .maxQueuedRequests(1)
                .maxNewTokens(15_000)
                .timeout(Duration.ofMinutes(10))
                .build();
        try (TestServer server = TestServer.endless(temp.resolve("model"), options)) {
            Socket running = ask(server, "127.0.0.2");
            waitUntil(() -> server.metric("llava4j_answers_in_progress") == 1);
            Socket queued = ask(server, "127.0.0.2");
            waitUntil(() -> server.metric("llava4j_answers_waiting") == 1);
            ask(server, "127.0.0.3");
            assertThat(new String(queued.getInputStream().readNBytes(12), StandardCharsets.UTF_8))
                    .isEqualTo("HTTP/1.1 429");
            assertThat(running.getInputStream().available()).isZero();
        }
    }

    private Socket ask(TestServer server, String from) throws IOException {
        String body = TestServer.textRequest("Go on").put("max_tokens", 15_000).toString();
        Socket socket = connect(server, from);
        write(socket, CHAT + JSON + "Content-Length: " + body.length() + "\r\n\r\n" + body);
        return socket;
    }

    @Test
    void closedConnectionsMakeRoom() throws Exception {
        ServerOptions options = TestServer.options().maxConnections(3).build();
        try (TestServer server = TestServer.trained(options)) {
            for (int i = 0; i < 10; i++) {
                waitUntil(() -> isAnswered(server));
            }
        }
    }

    /** Whether a new connection is answered, which is closed then; the server may not know yet that others are. */
    private boolean isAnswered(TestServer server) {
        try (Socket socket = connect(server, "127.0.0.2")) {
            requireHealth(socket);
            return true;
        } catch (IOException | AssertionError e) {
            return false;
        }
    }

    private static void requireHealth(Socket socket) throws IOException {
        write(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(new String(socket.getInputStream().readNBytes(15), StandardCharsets.UTF_8))
                .isEqualTo("HTTP/1.1 200 OK");
        socket.getInputStream().skipNBytes(socket.getInputStream().available());
    }
}
