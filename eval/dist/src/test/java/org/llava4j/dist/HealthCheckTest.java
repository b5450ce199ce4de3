package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** {@code llava4j health} against servers of one answer each. */
class HealthCheckTest {
    @Test
    void healthyServerPasses() throws Exception {
        check(200, "{\"status\": \"ok\"}");
    }

    @Test
    void otherAnswersAreRefused() {
        assertThatThrownBy(() -> check(503, "{\"status\":\"ok\"}"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("/health")
                .hasMessageContaining("503");
        assertThatThrownBy(() -> check(200, "<html>"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("/health");
        assertThatThrownBy(() -> check(302, "")).hasMessageContaining("302");
    }

    @Test
    void missingServerIsRefused() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        assertThatThrownBy(() -> HealthCheck.run(List.of("--port", Integer.toString(port))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(Integer.toString(port));
    }

    @Test
    void silentServerIsRefused() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> HealthCheck.run(List.of("--port=" + socket.getLocalPort())))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(Integer.toString(socket.getLocalPort()));
        }
    }

    @Test
    void addressComesFromFlags() {
        assertThat(HealthCheck.url(List.of())).hasToString("http://127.0.0.1:8080/health");
        assertThat(HealthCheck.url(List.of("--port", "9000"))).hasToString("http://127.0.0.1:9000/health");
        assertThat(HealthCheck.url(List.of("--url=https://llava.example.org/v/")))
                .hasToString("https://llava.example.org/v/health");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--port",
                "--port 0",
                "--port 65536",
                "--port x",
                "--url",
                "--url file:///tmp",
                "--url example.org",
                "--url http://",
                "--host example.org",
                "8080",
                "--port 8080 --url http://example.org",
            })
    void unusableArgumentsAreRefused(String arguments) {
        assertThatThrownBy(() -> HealthCheck.run(List.of(arguments.split(" ")))).isInstanceOf(BadInputException.class);
    }

    private static void check(int status, String answer) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/health", exchange -> {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            HealthCheck.run(
                    List.of("--port", Integer.toString(server.getAddress().getPort())));
        } finally {
            server.stop(0);
        }
    }
}
