package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.model.chat.LlavaModel;

/** Clients that leave while an image is decoded or an answer is generated: the work ends, and its place is free. */
class LeavingClientsTest {
    private static final String GONE = "llava4j_answers_abandoned_total{why=\"client gone\"}";
    private static final String IN_PROGRESS = "llava4j_answers_in_progress";
    private static final String COMPLETION_TOKENS = "llava4j_tokens_total{kind=\"completion\"}";
    /** More than images are decoded at a time. */
    private static final int LEAVING = 10;

    private static final ServerOptions ONE_AT_A_TIME =
            TestServer.options().maxConcurrentRequests(1).maxQueuedRequests(0).build();

    @TempDir
    private Path temp;

    private final AtomicBoolean decodesForever = new AtomicBoolean(true);
    private final AtomicInteger decoding = new AtomicInteger();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void clientThatLeavesEndsDecodingOfImage(boolean stream) throws Exception {
        LlavaModel model = decodingForever(
                LlavaModel.load(Path.of(System.getProperty("llava4j.root")).resolve("resources/tiny/llava")));
        try (TestServer server = TestServer.of(model, ONE_AT_A_TIME)) {
            for (int i = 1; i <= LEAVING; i++) {
                try (Socket client = send(server, TestServer.mapRequest().put("stream", stream))) {
                    waitUntil(() -> decoding.get() == 1);
                    assertThat(server.metric(IN_PROGRESS)).isEqualTo(1);
                }
                waitUntil(() -> decoding.get() == 0);
                waitUntil(() -> server.metric(IN_PROGRESS) == 0);
                assertThat(server.metric(GONE)).isEqualTo(i);
            }
            decodesForever.set(false);
            assertThat(TestServer.answer(server.post(TestServer.mapRequest()))).isEqualTo(TestServer.MAP_ANSWER);
        }
    }

    /** The model, whose decoding of an image ends only by its check. */
    private LlavaModel decodingForever(LlavaModel model) {
        return (LlavaModel) Proxy.newProxyInstance(
                LlavaModel.class.getClassLoader(), new Class<?>[] {LlavaModel.class}, (self, method, arguments) -> {
                    if (method.getName().equals("decodeImage") && decodesForever.get()) {
                        decodeForever((Runnable) arguments[3]);
                    }
                    try {
                        return method.invoke(model, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private void decodeForever(Runnable check) {
        decoding.incrementAndGet();
        try {
            while (true) {
                check.run();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        } finally {
            decoding.decrementAndGet();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void clientThatLeavesEndsGeneration(boolean stream) throws Exception {
        try (TestServer server = TestServer.endless(temp.resolve("model"), ONE_AT_A_TIME)) {
            ObjectNode request =
                    TestServer.textRequest("Go on").put("max_tokens", 1500).put("stream", stream);
            try (Socket client = send(server, request)) {
                if (stream) {
                    assertThat(client.getInputStream().read()).isNotEqualTo(-1);
                }
                waitUntil(() -> server.metric("llava4j_time_to_first_text_seconds_count") == 1);
            }
            waitUntil(() -> server.metric(IN_PROGRESS) == 0);
            assertThat(server.metric(GONE)).isEqualTo(1);
            assertThat(server.metric(COMPLETION_TOKENS)).as("no whole answer").isZero();
            assertThat(server.post(TestServer.textRequest("And now?").put("max_tokens", 3))
                            .statusCode())
                    .isEqualTo(200);
            assertThat(server.metric(COMPLETION_TOKENS)).isEqualTo(3);
        }
    }

    private static Socket send(TestServer server, ObjectNode body) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.toString().length() + "\r\n\r\n";
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static void waitUntil(BooleanSupplier holds) throws InterruptedException {
        int tries = 0;
        while (!holds.getAsBoolean()) {
            assertThat(tries++).isLessThan(600);
            Thread.sleep(50);
        }
    }
}
