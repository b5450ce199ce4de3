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
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.testing.HostileImages;

/**
 * Load of 200 clients, of which a tenth is hostile: they leave, send slowly, send images that take long to decode, or have a
 * wrong key. The others get the same answers as alone, and the server's threads are bounded.
 */
class HostileLoadTest {
    private static final int HONEST = 180;
    private static final int HOSTILE = 20;
    private static final String KEY = "secret";
    private static final long MB = 1 << 20;
    private static final ServerOptions OPTIONS = TestServer.options()
            .apiKey(KEY)
            .maxConcurrentRequests(8)
            .maxQueuedRequests(250)
            .bodyTimeout(Duration.ofSeconds(20))
            .build();

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
        runLoad(0, 120);
        System.gc();
        long before = resident();
        runLoad(HOSTILE, 120);
        System.gc();
        System.out.printf(
                Locale.ROOT, "resident memory %d MB before, %d MB after; %s%n", before / MB, resident() / MB, attacks);
        assertThat(resident()).as("resident memory").isLessThan(before + 100 * MB);
    }

    private static long resident() {
        return Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L);
    }

    private void runLoad(int hostile, int seconds) throws Exception {
        try (TestServer server = TestServer.trained(OPTIONS)) {
            List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
            List<Long> threads = Collections.synchronizedList(new ArrayList<>());
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            ExecutorService clients = Executors.newFixedThreadPool(HONEST + HOSTILE + 1);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < HONEST; i++) {
                running.add(clients.submit(() -> {
                    while (System.nanoTime() < deadline) {
                        long start = System.nanoTime();
                        HttpResponse<String> response = ask(server);
                        nanos.add(System.nanoTime() - start);
                        assertThat(TestServer.answer(response)).isEqualTo(TestServer.MAP_ANSWER);
                    }
                }));
            }
            byte[] image = HostileImages.progressiveJpeg(64, 1000);
            for (int i = 0; i < hostile; i++) {
                Random random = new Random(i);
                running.add(clients.submit(() -> {
                    while (System.nanoTime() < deadline) {
                        attack(server.port(), random, image);
                    }
                    return null;
                }));
            }
            running.add(clients.submit(() -> {
                while (System.nanoTime() < deadline) {
                    threads.add(serverThreads());
                    TimeUnit.MILLISECONDS.sleep(200);
                }
                return null;
            }));
            for (Future<?> client : running) {
                client.get();
            }
            clients.shutdown();
            Collections.sort(nanos);
            System.out.printf(
                    Locale.ROOT,
                    "%d clients and %d hostile ones: %d answers, %.0f a second, median %.0f ms, p95 %.0f ms; at most %d"
                            + " threads of the server%n",
                    HONEST,
                    hostile,
                    nanos.size(),
                    nanos.size() / (double) seconds,
                    nanos.get(nanos.size() / 2) / 1e6,
                    nanos.get(nanos.size() * 95 / 100) / 1e6,
                    Collections.max(threads));
            assertThat(Collections.max(threads))
                    .isLessThanOrEqualTo(OPTIONS.maxConcurrentRequests() + OPTIONS.maxQueuedRequests() + 32);
        }
    }

    private static HttpResponse<String> ask(TestServer server) {
        return server.send(HttpRequest.newBuilder(server.uri(TestServer.CHAT_COMPLETIONS))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + KEY)
                .POST(BodyPublishers.ofString(TestServer.mapRequest().toString())));
    }

    private static long serverThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("llava4j-server"))
                .count();
    }

    private void attack(int port, Random random, byte[] image) throws IOException, InterruptedException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 0));
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            switch (random.nextInt(4)) {
                case 0 -> {
                    send(socket, KEY, TestServer.mapRequest());
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
                    ObjectNode request = TestServer.mapRequest();
                    ((ObjectNode) request.at("/messages/0/content/0/image_url"))
                            .put("url", TestServer.dataUrl("image/jpeg", image));
                    send(socket, KEY, request);
                    count("image", status(socket));
                }
                default -> {
                    send(socket, "wrong", TestServer.mapRequest());
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
                + "\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static void send(Socket socket, String key, ObjectNode body) throws IOException {
        write(socket, head(key, body.toString().length()) + body);
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
