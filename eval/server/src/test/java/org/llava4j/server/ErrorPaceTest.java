package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ErrorPaceTest {
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PER_SECOND = 10;

    /** Near the overflow of a clock in nanoseconds. */
    private long now = Long.MAX_VALUE - TimeUnit.MILLISECONDS.toNanos(500);

    private final ErrorPace pace = new ErrorPace(PER_SECOND, () -> now);

    private static ClientAddress client(String address) throws UnknownHostException {
        return ClientAddress.of(InetAddress.getByName(address));
    }

    @Test
    void errorsBeyondThoseOfASecondAreApart() throws UnknownHostException {
        ClientAddress client = client("192.0.2.1");
        for (int i = 0; i < PER_SECOND; i++) {
            assertThat(pace.delayNanos(client)).as("error %d", i).isZero();
        }
        assertThat(pace.delayNanos(client)).isEqualTo(INTERVAL);
        assertThat(pace.delayNanos(client)).isEqualTo(2 * INTERVAL);
        assertThat(pace.delayNanos(client("192.0.2.2"))).as("another client").isZero();
        now += 2 * INTERVAL;
        assertThat(pace.delayNanos(client)).isEqualTo(INTERVAL);
    }

    @Test
    void delayIsAtMostASecondAndEnds() throws UnknownHostException {
        ClientAddress client = client("192.0.2.1");
        for (int i = 0; i < 10 * PER_SECOND; i++) {
            assertThat(pace.delayNanos(client)).isBetween(0L, TimeUnit.SECONDS.toNanos(1));
        }
        assertThat(pace.delayNanos(client)).isEqualTo(TimeUnit.SECONDS.toNanos(1));
        // Time over which the errors so far count, after that of the last one.
        now += 2 * TimeUnit.SECONDS.toNanos(1);
        for (int i = 0; i < PER_SECOND; i++) {
            assertThat(pace.delayNanos(client)).as("error %d", i).isZero();
        }
    }

    @Test
    void serverDelaysErrorsOnly() {
        ServerOptions options = TestServer.options()
                .apiKey("secret")
                .maxErrorsPerSecond(1)
                .timeout(Duration.ofSeconds(60))
                .build();
        try (TestServer server = TestServer.trained(options)) {
            long start = System.nanoTime();
            assertThat(server.post(TestServer.mapRequest()).statusCode()).isEqualTo(401);
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
            assertThat(server.post(TestServer.mapRequest()).statusCode()).isEqualTo(401);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.SECONDS.toNanos(1));
        }
    }

    /** Malformed requests do not reach the server's own handler. */
    @Test
    void errorsOfMalformedRequestsHaveThePaceToo() throws IOException {
        ServerOptions options = TestServer.options().maxErrorsPerSecond(1).build();
        try (TestServer server = TestServer.trained(options)) {
            long start = System.nanoTime();
            for (int i = 0; i < 2; i++) {
                try (Socket socket = new Socket("127.0.0.1", server.port())) {
                    socket.getOutputStream().write("GET /health HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    String response = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                    assertThat(response).startsWith("HTTP/1.1 400 ").contains("\"error\"");
                }
            }
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.SECONDS.toNanos(1));
        }
    }
}
