package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.config.ChatFormat;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A streamed answer goes on while another client's long prompt is prefilled. */
class ChunkedPrefillServerTest {
    private static final int PROMPT_TOKENS = 1500;
    private static final int WIDTH = 1536;
    private static final int MLP_WIDTH = 4096;

    @TempDir
    private Path temp;

    /** Times at which the events of a streamed answer arrived. */
    private static final class Stream {
        private final List<Long> nanos = new ArrayList<>();
        private final CompletableFuture<Void> end;

        Stream(TestServer server, ObjectNode request) {
            HttpRequest http = HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(
                            request.deepCopy().put("stream", true).toString()))
                    .build();
            end = CompletableFuture.runAsync(() -> read(http));
        }

        private void read(HttpRequest request) {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                    HttpClient.newHttpClient()
                            .send(request, BodyHandlers.ofInputStream())
                            .body(),
                    StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.contains("\"content\"")) {
                        add();
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        private synchronized void add() {
            nanos.add(System.nanoTime());
            notifyAll();
        }

        synchronized int count() {
            return nanos.size();
        }

        synchronized void awaitCount(int count) throws InterruptedException {
            while (nanos.size() < count && !end.isDone()) {
                wait(100);
            }
        }

        /** Longest time between two events in an interval. */
        synchronized double longestPauseMillis(long from, long to) {
            long longest = 0;
            for (int i = 1; i < nanos.size(); i++) {
                if (nanos.get(i) > from && nanos.get(i - 1) < to) {
                    longest = Math.max(longest, nanos.get(i) - nanos.get(i - 1));
                }
            }
            return longest / 1e6;
        }
    }

    /** A prompt of at least {@link #PROMPT_TOKENS} tokens, of digits, which are a token or more each. */
    private static ObjectNode longRequest(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < PROMPT_TOKENS; i++) {
            text.append(random.nextInt(10));
        }
        return TestServer.textRequest(text.toString()).put("max_tokens", 1);
    }

    @Test
    void answerGoesOnWhileLongPromptIsPrefilled() throws Exception {
        // The shortest limit makes chunks of 16 tokens, with a token of the running answer after each.
        ServerOptions options =
                TestServer.options().maxPause(Duration.ofNanos(1)).build();
        try (TestServer server = TestServer.endless(temp.resolve("model"), options)) {
            Stream running = new Stream(server, TestServer.textRequest("hello").put("max_tokens", 4000));
            running.awaitCount(10);
            int before = running.count();
            HttpResponse<String> answer = server.post(longRequest(new Random(1)));
            int during = running.count() - before;
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            int tokens = TestServer.json(answer).at("/usage/prompt_tokens").intValue();
            assertThat(tokens).isGreaterThanOrEqualTo(PROMPT_TOKENS);
            // At least 94 tokens, less those that are still on their way to this client.
            assertThat(during).isGreaterThan(tokens / 16 / 2);
            assertThat(server.metric("llava4j_tokens_total{kind=\"prompt\"}")).isEqualTo(tokens);
            assertThat(server.metric("llava4j_answers_waiting")).isZero();
        }
    }

    /** Measures pauses with 116 million random weights, without a limit that matters and with a short one. */
    @Test
    @Tag("slow")
    void pausesStayBelowLimit() throws Exception {
        Path folder = temp.resolve("model");
        writeLargerModel(folder);
        ChatFormat chat = new ChatFormat(ConversationTemplates.of("v1"), true);
        try (LlavaModel model = LlavaModel.load(folder, chat)) {
            double whole = longestPause(model, Duration.ofHours(1));
            for (int millis : new int[] {1000, 500, 250}) {
                double pause = longestPause(model, Duration.ofMillis(millis));
                System.out.printf(
                        Locale.ROOT, "limit %d ms: longest pause %.0f ms (whole: %.0f)%n", millis, pause, whole);
                assertThat(pause).isLessThan(Math.max(millis, 0.9 * whole));
            }
        }
    }

    /** A request whose answer is one word over and over, so that each token is an event. */
    private static ObjectNode oneWordRequest() {
        ObjectNode request = TestServer.textRequest("hello").put("max_tokens", 2000);
        request.putObject("logit_bias").put("300", 100);
        return request;
    }

    private double longestPause(LlavaModel model, Duration maxPause) throws Exception {
        ServerOptions options = TestServer.options().maxPause(maxPause).build();
        try (TestServer server = TestServer.of(model, options)) {
            Stream running = new Stream(server, oneWordRequest());
            running.awaitCount(20);
            long from = System.nanoTime();
            HttpResponse<String> answer = server.post(longRequest(new Random(maxPause.toMillis())));
            long to = System.nanoTime();
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            running.awaitCount(running.count() + 2);
            System.out.printf(
                    Locale.ROOT,
                    "limit %s: first token of %d prompt tokens after %.0f ms%n",
                    maxPause,
                    TestServer.json(answer).at("/usage/prompt_tokens").intValue(),
                    TimeUnit.NANOSECONDS.toMicros(to - from) / 1e3);
            return running.longestPauseMillis(from, to);
        }
    }

    /** The folder of {@link TestServer#endless} with a wider decoder of random weights. */
    private static void writeLargerModel(Path folder) throws IOException {
        TestServer.endlessModel(folder).close();
        Path config = folder.resolve("config.json");
        ObjectNode json = (ObjectNode) TestServer.JSON.readTree(Files.readString(config));
        int narrow = json.get("hidden_size").intValue();
        int narrowMlp = json.get("intermediate_size").intValue();
        json.put("hidden_size", WIDTH).put("intermediate_size", MLP_WIDTH);
        Files.writeString(config, json.toString());
        Path weights = folder.resolve("model.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            for (String name : file.tensors().keySet()) {
                INDArray tensor = file.read(name);
                tensors.put(name, name.contains("vision_tower") ? tensor : wider(name, tensor, narrow, narrowMlp));
            }
        }
        SafetensorsWriter.write(weights, tensors);
    }

    private static INDArray wider(String name, INDArray tensor, int narrow, int narrowMlp) {
        long[] shape = tensor.shape();
        // The projector's inputs stay those of the vision tower.
        int resized = name.contains("mm_projector") ? 1 : shape.length;
        for (int i = 0; i < resized; i++) {
            shape[i] = shape[i] == narrow ? WIDTH : shape[i] == narrowMlp ? MLP_WIDTH : shape[i];
        }
        return shape.length == 1
                ? Nd4j.ones(DataType.FLOAT, shape)
                : Nd4j.randn(DataType.FLOAT, shape).muli(0.02);
    }
}
