package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.testing.HostileImages;

/**
 * Load of 200 clients, of which a tenth is hostile: they leave, send slowly, send images that take long to decode, or have a
 * wrong key. The hostile clients share an address; each of the others has its own. The others get the same answers as
 * alone, and the server's threads are bounded.
 */
class HostileLoadTest {
    private static final int HONEST = 180;
    private static final int HOSTILE = 20;
    /** Hostile clients differ in what they do. */
    private static final int KINDS = 4;

    private static final String KEY = "secret";
    private static final long MB = 1 << 20;
    private static final ServerOptions OPTIONS = TestServer.options()
            .apiKey(KEY)
            .maxConcurrentRequests(8)
            .maxQueuedRequests(250)
            .bodyTimeout(Duration.ofSeconds(20))
            .build();

    private static final String MAP_REQUEST = request(KEY, TestServer.mapRequest());
    private static final String WRONG_KEY = request("wrong", TestServer.mapRequest());

    /** Below this, a ratio of times says nothing. */
    private static final long MIN_P95_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final int MAX_P95_RATIO = 2;

    @TempDir
    private Path temp;

    private final Map<String, Integer> attacks = Collections.synchronizedMap(new TreeMap<>());

    @Test
    void hostileClientsDoNotChangeAnswersOfOthers() throws Exception {
        runLoad(HOSTILE, 4);
        assertThat(attacks.keySet()).containsExactly("gone 0", "image 400", "key 401", "slow 0");
    }

    /** Measures two minutes without and with hostile clients. */
    @Test
    @Tag("slow")
    void hostileClientsForTwoMinutes() throws Exception {
        runLoad(HOSTILE, 20);
        long p95Alone = runLoad(0, 120);
        System.gc();
        long before = resident();
        long p95 = runLoad(HOSTILE, 120);
        System.gc();
        System.out.printf(
                Locale.ROOT, "resident memory %d MB before, %d MB after; %s%n", before / MB, resident() / MB, attacks);
        assertThat(resident()).as("resident memory").isLessThan(before + 100 * MB);
        assertThat(p95)
                .as("95th percentile, in ns")
                .isLessThanOrEqualTo(Math.max(MIN_P95_NANOS, MAX_P95_RATIO * p95Alone));
    }

    private static long resident() {
        return Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L);
    }

    /** Returns the 95th percentile of the honest clients' times, in nanoseconds. */
    private long runLoad(int hostile, int seconds) throws Exception {
        try (TestServer server = TestServer.trained(OPTIONS)) {
            LoadQuestions questions = LoadQuestions.ask(
                    temp.resolve("dataset-" + hostile + "-" + seconds), body -> TestServer.answer(ask(server, body)));
            List<String> requests = questions.requests().stream()
                    .map(body -> request(KEY, body))
                    .toList();
            List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
            List<Long> threads = Collections.synchronizedList(new ArrayList<>());
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            ExecutorService clients = Executors.newFixedThreadPool(HONEST + HOSTILE + 1);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < HONEST; i++) {
                int first = i;
                running.add(clients.submit(() -> {
                    InetAddress address = InetAddress.getByAddress(new byte[] {127, 1, 0, (byte) first});
                    for (int asked = first; System.nanoTime() < deadline; asked++) {
                        int question = asked % questions.count();
                        long start = System.nanoTime();
                        String response = ask(address, server.port(), requests.get(question));
                        nanos.add(System.nanoTime() - start);
                        assertThat(answer(response))
                                .as(response)
                                .isEqualTo(questions.answers().get(question));
                    }
                    return null;
                }));
            }
            String slowImage = slowImage();
            for (int i = 0; i < hostile; i++) {
                int kind = i % KINDS;
                Random random = new Random(i);
                running.add(clients.submit(() -> {
                    do {
                        attack(kind, server.port(), random, slowImage);
                    } while (System.nanoTime() < deadline);
                    return null;
                }));
            }
            running.add(clients.submit(() -> {
                while (System.nanoTime() < deadline) {
                    threads.add(ServerThreads.count());
                    TimeUnit.MILLISECONDS.sleep(200);
                }
                return null;
            }));
            for (Future<?> client : running) {
                client.get();
            }
            clients.shutdown();
            Collections.sort(nanos);
            long p95 = nanos.get(nanos.size() * 95 / 100);
            System.out.printf(
                    Locale.ROOT,
                    "%d clients and %d hostile ones: %d answers, %.0f a second, median %.0f ms, p95 %.0f ms; at most %d"
                            + " threads of the server%n",
                    HONEST,
                    hostile,
                    nanos.size(),
                    nanos.size() / (double) seconds,
                    nanos.get(nanos.size() / 2) / 1e6,
                    p95 / 1e6,
                    Collections.max(threads));
            assertThat(Collections.max(threads))
                    .isLessThanOrEqualTo(OPTIONS.maxConcurrentRequests() + OPTIONS.maxQueuedRequests() + 32);
            return p95;
        }
    }

    /** Sends a request from a loopback address and returns the whole response. */
    private static String ask(InetAddress client, int port, String request) throws IOException {
        try (Socket socket = connect(client, port)) {
            write(socket, request);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Socket connect(InetAddress client, int port) throws IOException {
        Socket socket = new Socket();
        socket.bind(new InetSocketAddress(client, 0));
        socket.connect(new InetSocketAddress("127.0.0.1", port));
        return socket;
    }

    private static String answer(String response) throws IOException {
        return TestServer.answer(TestServer.JSON.readTree(response.substring(response.indexOf("\r\n\r\n"))));
    }

    private static HttpResponse<String> ask(TestServer server, ObjectNode body) {
        return server.send(HttpRequest.newBuilder(server.uri(TestServer.CHAT_COMPLETIONS))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + KEY)
                .POST(BodyPublishers.ofString(body.toString())));
    }

    private void attack(int kind, int port, Random random, String slowImage) throws IOException, InterruptedException {
        try (Socket socket = connect(InetAddress.getByName("127.0.0.2"), port)) {
            switch (kind) {
                case 0 -> {
                    write(socket, MAP_REQUEST);
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(200));
                    count("gone", 0);
                }
                case 1 -> {
                    write(socket, head(KEY, 100_000));
                    for (int i = 0; i < 20; i++) {
                        write(socket, " ");
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                    count("slow", 0);
                }
                case 2 -> {
                    write(socket, slowImage);
                    count("image", status(socket));
                }
                default -> {
                    write(socket, WRONG_KEY);
                    count("key", status(socket));
                }
            }
        }
    }

    private void count(String attack, int status) {
        attacks.merge(attack + " " + status, 1, Integer::sum);
    }

    private static String head(String key, int length) {
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                + "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static String request(String key, ObjectNode body) {
        String json = body.toString();
        return head(key, json.getBytes(StandardCharsets.UTF_8).length) + json;
    }

    private static String slowImage() throws IOException {
        ObjectNode request = TestServer.mapRequest();
        ((ObjectNode) request.at("/messages/0/content/0/image_url"))
                .put("url", TestServer.dataUrl("image/jpeg", HostileImages.progressiveJpeg(64, 1000)));
        return request(KEY, request);
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static int status(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        String line = new String(in.readNBytes(12), StandardCharsets.UTF_8);
        return Integer.parseInt(line.substring(9));
    }
}
