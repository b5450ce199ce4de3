package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Remote images are fetched from public servers only. */
class RemoteImagesTest {
    private static final ServerOptions ALLOWED = TestServer.options()
            .maxBodyBytes(1000)
            .maxConcurrentRequests(1)
            .maxQueuedRequests(1)
            .maxNewTokens(16)
            .allowRemoteImages(true)
            .build();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.9.9.9",
                "10.1.2.3",
                "172.16.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "0.0.0.0",
                "100.64.0.1",
                "192.0.0.8",
                "198.18.0.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "fe80::1",
                "fc00::1",
                "fd12::1",
                "ff02::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "64:ff9b::a00:1",
                "2002:7f00:1::",
                "2001::1",
                "2001:db8::1"
            })
    void privateAddressIsNotPublic(String address) throws Exception {
        assertThat(PublicAddresses.isPublic(InetAddress.getByName(address))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"})
    void publicAddressIsPublic(String address) throws Exception {
        assertThat(PublicAddresses.isPublic(InetAddress.getByName(address))).isTrue();
    }

    @Test
    void nameWithOnePrivateAddressIsRejected() throws Exception {
        InetAddress open = InetAddress.getByName("1.1.1.1");
        InetAddress hidden = InetAddress.getByName("10.0.0.1");
        assertThat(RemoteImages.areAllowed(new InetAddress[] {open, open}, PublicAddresses::isPublic))
                .isTrue();
        assertThat(RemoteImages.areAllowed(new InetAddress[] {open, hidden}, PublicAddresses::isPublic))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "localhost", "[::1]", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"})
    void fetchRejectsLoopback(String host) throws Exception {
        try (ServerSocket listener = new ServerSocket(0);
                RemoteImages remote = new RemoteImages(ALLOWED)) {
            listener.setSoTimeout(1);
            remote.start();
            assertThatThrownBy(() -> remote.fetch(
                            "http://" + host + ":" + listener.getLocalPort() + "/x.png", "url", memory(), () -> {}))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("cannot fetch 'url'");
            assertThatThrownBy(listener::accept)
                    .as("no connection")
                    .isInstanceOf(java.net.SocketTimeoutException.class);
        }
    }

    /** Fetches from a loopback server with this response, treating loopback as the only public address. */
    private static byte[] fetchFromServer(String response) throws Exception {
        return fetchFromServer(
                socket -> socket.getOutputStream().write(response.getBytes(StandardCharsets.ISO_8859_1)),
                memory(),
                () -> {});
    }

    /** No test ends because of it. */
    private static final Duration LONG = Duration.ofMinutes(2);

    private static RequestMemoryBudget.Reservation memory() {
        return new RequestMemoryBudget(1 << 20).reserve("client");
    }

    /** What a server sends after a request. */
    @FunctionalInterface
    private interface Sends {
        void to(Socket socket) throws IOException;
    }

    private static byte[] fetchFromServer(Sends response, RequestMemoryBudget.Reservation memory, Runnable check)
            throws Exception {
        return fetchFromServer(response, memory, check, LONG);
    }

    private static byte[] fetchFromServer(
            Sends response, RequestMemoryBudget.Reservation memory, Runnable check, Duration timeout) throws Exception {
        try (ServerSocket server = new ServerSocket(0);
                RemoteImages remote = new RemoteImages(ALLOWED, InetAddress::isLoopbackAddress, timeout)) {
            Thread answers = new Thread(() -> {
                for (int i = 0; i < 20; i++) {
                    try (Socket socket = server.accept()) {
                        socket.getInputStream().read(new byte[4096]);
                        response.to(socket);
                    } catch (IOException e) {
                        return;
                    }
                }
            });
            answers.setDaemon(true);
            answers.start();
            remote.start();
            return remote.fetch("http://127.0.0.1:" + server.getLocalPort() + "/x.png", "url", memory, check);
        }
    }

    @Test
    void fetchReturnsBytes() throws Exception {
        assertThat(fetchFromServer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"))
                .isEqualTo(new byte[] {'a', 'b', 'c'});
        assertThat(fetchFromServer(
                        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + "x".repeat(1000)))
                .as("the largest")
                .hasSize(1000);
    }

    @Test
    void fetchRejectsPrivateRedirectsErrorsAndOversizedImages() {
        String oversized = "x".repeat(1001);
        List<String[]> responses = List.of(
                new String[] {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"},
                new String[] {
                    "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/x.png\r\nContent-Length: 0\r\n\r\n",
                    "is not a public address"
                },
                new String[] {
                    "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "cannot fetch"
                },
                new String[] {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + oversized, "more than 1000 bytes"},
                new String[] {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "its server closed the connection"},
                new String[] {"nonsense\r\n\r\n", "cannot fetch"});
        for (String[] responseAndMessage : responses) {
            assertThatThrownBy(() -> fetchFromServer(responseAndMessage[0]))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining(responseAndMessage[1]);
        }
    }

    @Test
    void fetchRejectsAllUrlsUnlessAllowed() throws Exception {
        try (RemoteImages remote = new RemoteImages(TestServer.OPTIONS)) {
            assertThatThrownBy(() -> remote.fetch("http://1.1.1.1/x.png", "url", memory(), () -> {}))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("does not fetch remote images");
        }
    }

    /** Sends a part of a body for as long as the client receives. */
    private static Sends endless(String header, String part) {
        return socket -> {
            OutputStream out = socket.getOutputStream();
            out.write(("HTTP/1.1 200 OK\r\n" + header + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            while (true) {
                out.write(part.getBytes(StandardCharsets.US_ASCII));
                out.flush();
                try {
                    Thread.sleep(10);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        };
    }

    private static final String CHUNKED = "Transfer-Encoding: chunked";

    @Test
    void endlessChunksAreRejected() {
        assertThatThrownBy(() ->
                        fetchFromServer(endless(CHUNKED, "40\r\n" + "x".repeat(64) + "\r\n"), memory(), () -> {}))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("more than 1000 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 900", CHUNKED + "\r\n\r\n384"})
    void bytesThatTrickleAreRejectedAfterTheTimeout(String header) {
        assertThatThrownBy(() -> fetchFromServer(endless(header, "x"), memory(), () -> {}, Duration.ofSeconds(1)))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("it did not arrive in 1.0 s");
    }

    @Test
    void redirectsWithoutEndAreRejected() {
        assertThatThrownBy(() -> fetchFromServer(
                        "HTTP/1.1 302 Found\r\nLocation: /y.png\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("redirects");
    }

    @Test
    void fetchEndsWithItsRequest() {
        ApiException timeout = ApiException.timeout("the answer was not complete");
        assertThatThrownBy(() -> fetchFromServer(endless("Content-Length: 999999", ""), memory(), () -> {
                    throw timeout;
                }))
                .isSameAs(timeout);
    }

    @Test
    void imageIsChargedToMemoryBudget() {
        RequestMemoryBudget small = new RequestMemoryBudget(1 << 10);
        small.reserve("other").growTo(1);
        assertThatThrownBy(() -> fetchFromServer(
                        socket -> socket.getOutputStream()
                                .write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
                                        .getBytes(StandardCharsets.US_ASCII)),
                        small.reserve("client"),
                        () -> {}))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.status()).isEqualTo(429));
    }
}
