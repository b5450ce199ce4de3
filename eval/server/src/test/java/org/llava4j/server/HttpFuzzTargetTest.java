package org.llava4j.server;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: raw bytes of a connection to a running server. Whatever they are, no response has the status 500. */
class HttpFuzzTargetTest {
    private static final int READ_MILLIS = 8000;
    private static final int MAX_RESPONSE_BYTES = 1 << 20;

    private static TestServer server;

    @BeforeAll
    static void startServer() {
        server = TestServer.trained(TestServer.options()
                .maxErrorsPerSecond(1_000_000)
                .maxNewTokens(1)
                .bodyTimeout(Duration.ofSeconds(2))
                .build());
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    static Stream<Arguments> seeds() {
        String chat = "{\"model\":\"small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":1}";
        return FuzzSeeds.texts(
                "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/models/small HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: " + chat.length() + "\r\n\r\n" + chat,
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n",
                "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 18\r\n\r\n{\"model\":\"\\ud800\"}",
                "OPTIONS /v1/responses HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.b\r\n"
                        + "Access-Control-Request-Method: POST\r\n\r\n",
                "HEAD /%2e%2e//metrics?a=b HTTP/1.0\r\nAuthorization: Bearer x\r\nExpect: 100-continue\r\n\r\n");
    }

    @MethodSource("seeds")
    @FuzzTest
    void send(byte[] bytes) throws IOException {
        String response = response(bytes);
        for (String line : response.split("\r\n", -1)) {
            if (line.startsWith("HTTP/1.1 500")) {
                throw new AssertionError(response);
            }
        }
        if (!response.isEmpty() && !response.startsWith("HTTP/1.")) {
            throw new AssertionError("not a response: " + response);
        }
    }

    private static String response(byte[] bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(READ_MILLIS);
            try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                return new String(socket.getInputStream().readNBytes(MAX_RESPONSE_BYTES), StandardCharsets.ISO_8859_1);
            } catch (SocketException e) {
                // The server may close a connection of garbage while it is written.
                return "";
            }
        }
    }
}
