package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.chat.LlavaModel;

/** The life of a server inside another program: start, stop, restart, and what they leave behind. */
class EmbeddedServerTest {
    private static LlavaModel model;

    @BeforeAll
    static void load(@TempDir Path temp) throws IOException {
        model = TestServer.endlessModel(temp.resolve("model"));
        model.answer(TestServer.MAP, "Is it?", 1); // starts the threads of the kernels
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet());
    }

    /** Sends a request over a plain socket: Java's HTTP clients leave threads. */
    private static Socket send(ChatServer server, ObjectNode body) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(60_000);
        String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: "
                + body.toString().length() + "\r\n\r\n";
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static String readAll(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String ask(ChatServer server) throws IOException {
        ObjectNode request = TestServer.textRequest("Is it?").put("max_tokens", 1);
        try (Socket socket = send(server, request)) {
            return readAll(socket);
        }
    }

    @Test
    void serversOfOneJvmRunSideBySide() throws IOException {
        try (ChatServer first = new ChatServer(model, TestServer.OPTIONS).start();
                ChatServer second = new ChatServer(
                                model, TestServer.options().modelId("other").build())
                        .start()) {
            assertThat(first.port()).isNotEqualTo(second.port());
            assertThat(ask(first)).startsWith("HTTP/1.1 200");
            assertThat(ask(second)).startsWith("HTTP/1.1 404").contains("'other'");
            second.close();
            assertThat(ask(first)).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void serverStartsAgainAfterStop() throws Exception {
        try (ChatServer server = new ChatServer(
                model, TestServer.options().allowRemoteImages(true).build())) {
            for (int run = 0; run < 2; run++) {
                assertThatThrownBy(server::port).isInstanceOf(IllegalStateException.class);
                server.start();
                assertThat(server.start().address().getPort()).isEqualTo(server.port());
                assertThat(ask(server)).startsWith("HTTP/1.1 200");
                server.stop(Duration.ofSeconds(10));
                server.stop(Duration.ZERO);
                server.join();
            }
        }
    }

    @Test
    void closeFreesPortAndThreads() throws Exception {
        Set<Thread> before = threads();
        int port;
        try (ChatServer server = new ChatServer(
                        model, TestServer.options().allowRemoteImages(true).build())
                .start()) {
            port = server.port();
            assertThat(ask(server)).startsWith("HTTP/1.1 200");
            assertThat(threads()).anyMatch(thread -> thread.getName().startsWith("llava4j-server"));
        }
        Set<Thread> after = threads();
        after.removeAll(before);
        for (Thread ending : after) {
            ending.join(1000); // a thread without work may still be leaving its last method
        }
        assertThat(after)
                .filteredOn(Thread::isAlive)
                .extracting(Thread::getName)
                .isEmpty();
        try (ServerSocket again = new ServerSocket(port)) {
            assertThat(again.getLocalPort()).isEqualTo(port);
        }
        assertThat(model.answer(TestServer.MAP, "Is it?", 1)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closeEndsRunningAnswerWithError(boolean stream) throws Exception {
        ChatServer server = new ChatServer(model, TestServer.OPTIONS).start();
        ObjectNode request = TestServer.textRequest("Go on").put("stream", stream);
        try (Socket socket = send(server, request)) {
            if (stream) {
                socket.getInputStream().readNBytes(2000); // the answer is running
            } else {
                awaitMetric(server, "llava4j_answers_in_progress 1.0");
            }
            CompletableFuture<String> rest = CompletableFuture.supplyAsync(() -> {
                try {
                    return readAll(socket);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            server.close();
            assertThat(rest.join()).contains("server_stopping").doesNotContain("[DONE]");
            if (stream) {
                assertThat(rest.join()).endsWith("\"server_stopping\"}}\n\n");
            } else {
                assertThat(rest.join()).startsWith("HTTP/1.1 503");
            }
        }
        assertThat(model.answer(TestServer.MAP, "Is it?", 1)).isNotNull();
        assertThat(model.waitingRequests()).isZero();
    }

    private static void awaitMetric(ChatServer server, String line) throws IOException, InterruptedException {
        String metrics = "";
        while (!metrics.contains(line)) {
            Thread.sleep(10);
            try (Socket socket = new Socket("127.0.0.1", server.port())) {
                socket.getOutputStream()
                        .write("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                metrics = readAll(socket);
            }
        }
    }

    @Test
    void startRefusesPortInUse() throws IOException {
        try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ChatServer server = new ChatServer(
                    model, TestServer.options().port(used.getLocalPort()).build());
            assertThatThrownBy(server::start)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("127.0.0.1:" + used.getLocalPort());
        }
    }

    @Test
    void optionsRefuseValuesOutsideTheirRange() {
        refused("port", options -> options.port(65_536));
        refused("port", options -> options.port(-1));
        refused("host", options -> options.host(""));
        refused("apiKey", options -> options.apiKey(""));
        refused("modelId", options -> options.modelId(""));
        refused("maxBodyBytes", options -> options.maxBodyBytes(0));
        refused("maxPixels", options -> options.maxPixels(500_000_001));
        refused("maxImages", options -> options.maxImages(0));
        refused("maxConcurrentRequests", options -> options.maxConcurrentRequests(1025));
        refused("maxQueuedRequests", options -> options.maxQueuedRequests(-1));
        refused("timeout", options -> options.timeout(Duration.ZERO));
        refused("bodyTimeout", options -> options.bodyTimeout(Duration.ofDays(367)));
        refused("maxNewTokens", options -> options.maxNewTokens(0));
    }

    private static void refused(String name, Consumer<ServerOptions.Builder> change) {
        assertThatThrownBy(() -> change.accept(ServerOptions.builder()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("give");
    }
}
