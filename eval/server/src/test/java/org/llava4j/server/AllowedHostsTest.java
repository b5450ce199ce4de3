package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** Names under which a server answers, and pages that may call it. */
class AllowedHostsTest {
    private TestServer server;

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    private void start(ServerOptions.Builder options) {
        server = TestServer.trained(options.build());
    }

    /** The response to a request with these headers. */
    private String get(String path, String headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            String head = "GET " + path + " HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:8080",
                "127.0.0.1.evil.example",
                "localhost.evil.example",
                "localhostx",
                "1.2.3.4.5",
                "2130706433",
                "0x7f.1"
            })
    void otherNamesAreRejectedWithoutKey(String host) throws IOException {
        start(TestServer.options());
        for (String path : List.of("/", "/health", "/metrics", "/v1/models")) {
            assertThat(get(path, "Host: " + host))
                    .as(path)
                    .startsWith("HTTP/1.1 403")
                    .contains("host_not_allowed", "--allowed-host");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:8080",
                "localhost.:1",
                "app.localhost",
                "127.0.0.1:1",
                "192.168.1.5",
                "[::1]:8080",
                "llava.example.com:443"
            })
    void loopbackAddressesAndAllowedNamesAreAnswered(String host) throws IOException {
        start(TestServer.options().allowedHosts(List.of("llava.example.com")));
        assertThat(get("/health", "Host: " + host)).startsWith("HTTP/1.1 200");
    }

    @Test
    void everyNameIsAnsweredWithKeyOrStar() throws IOException {
        start(TestServer.options().apiKey("secret"));
        assertThat(get("/health", "Host: evil.example")).startsWith("HTTP/1.1 200");
        server.close();
        start(TestServer.options().allowedHosts(List.of("*")));
        assertThat(get("/health", "Host: evil.example")).startsWith("HTTP/1.1 200");
    }

    @Test
    void pagesOfOtherOriginsAreRejectedWithoutKey() throws IOException {
        start(TestServer.options().corsOrigins(List.of("https://good.example")));
        String own = "localhost:" + server.port();
        for (String origin : List.of("http://evil.example", "null", "http://localhost:1", "http://127.0.0.1")) {
            assertThat(get("/v1/models", "Host: " + own + "\r\nOrigin: " + origin))
                    .as(origin)
                    .startsWith("HTTP/1.1 403")
                    .contains("origin_not_allowed", "--cors-origin");
        }
        for (String origin : List.of("http://" + own, "https://good.example")) {
            assertThat(get("/v1/models", "Host: " + own + "\r\nOrigin: " + origin))
                    .as(origin)
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void reachableServerNeedsKeyUnlessInsecure() {
        for (String host : List.of("0.0.0.0", "::", "192.0.2.1")) {
            assertThatThrownBy(() -> TestServer.options().host(host).build())
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("other machines can reach the host " + host);
        }
        TestServer.options().host("0.0.0.0").apiKey("secret").build();
        TestServer.options().host("::1").build();
        start(TestServer.options().host("0.0.0.0").insecure(true));
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void invalidAllowedHostIsRejectedByName() {
        for (String host : List.of("", "Example.com", "example.com:80", "https://example.com", "a b", ".a", "*.a")) {
            assertThatThrownBy(() -> TestServer.options().allowedHosts(List.of(host)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("the allowed host '" + host + "'");
        }
    }
}
