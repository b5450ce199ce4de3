package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.memory.ProcessMemory;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;

/** Load test with concurrent clients. Every answer must equal the answer to the same question alone. */
class LoadTest {
    private static final int CLIENTS = 50;
    private static final long MB = 1 << 20;

    @TempDir
    private Path temp;

    @Test
    void concurrentClientsGetSameAnswersAsAlone() throws Exception {
        runLoad(TimeUnit.SECONDS.toNanos(3));
    }

    @Test
    @Tag("slow")
    void memoryIsFlatUnderLoad() throws Exception {
        runLoad(TimeUnit.SECONDS.toNanos(20));
        System.gc();
        long before = resident();
        runLoad(TimeUnit.SECONDS.toNanos(60));
        System.gc();
        System.out.printf(Locale.ROOT, "resident memory %d MB, then %d MB%n", before / MB, resident() / MB);
        assertThat(resident()).as("resident memory").isLessThan(before + 100 * MB);
    }

    private static long resident() {
        return Objects.requireNonNullElse(ProcessMemory.RESIDENT.bytes(), 0L);
    }

    private void runLoad(long nanos) throws Exception {
        Path dataset = temp.resolve("dataset-" + nanos);
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(11, 0, 0, 6, 0, false), dataset);
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(dataset, "test");
        List<ObjectNode> questions = new ArrayList<>();
        for (ScienceQaProblem problem : problems) {
            String text = ScienceQaPrompt.named("A")
                    .question(problem)
                    .replace("<image>", "")
                    .strip();
            ObjectNode body = TestServer.textRequest(text);
            if (problem.hasImage()) {
                body = TestServer.mapRequest();
                var content = body.withArray("/messages/0/content");
                ((ObjectNode) content.get(0).get("image_url"))
                        .put(
                                "url",
                                TestServer.dataUrl(ScienceQaRecordReader.image(dataset.resolve("images"), problem)));
                ((ObjectNode) content.get(1)).put("text", text);
            }
            questions.add(body.put("max_tokens", 12));
        }
        try (TestServer server =
                TestServer.trained(TestServer.options().maxConcurrentRequests(8).build())) {
            List<String> alone = new ArrayList<>();
            for (ObjectNode question : questions) {
                alone.add(TestServer.answer(server.post(question)));
            }
            assertThat(alone).doesNotContainNull();
            assertThat(alone.stream().distinct().count()).as("answers differ").isGreaterThan(3);
            List<Long> times = Collections.synchronizedList(new ArrayList<>());
            AtomicLong deadline = new AtomicLong(System.nanoTime() + nanos);
            ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
            List<Future<?>> running = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                int first = client;
                running.add(clients.submit(() -> {
                    for (int i = first; System.nanoTime() < deadline.get(); i++) {
                        int question = i % questions.size();
                        long startNanos = System.nanoTime();
                        HttpResponse<String> response = server.post(questions.get(question));
                        times.add(System.nanoTime() - startNanos);
                        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                        assertThat(TestServer.answer(response)).isEqualTo(alone.get(question));
                    }
                }));
            }
            for (Future<?> client : running) {
                client.get();
            }
            clients.shutdown();
            Collections.sort(times);
            System.out.printf(
                    Locale.ROOT,
                    "%d clients: %d answers, %.0f a second, median %.0f ms, p95 %.0f ms%n",
                    CLIENTS,
                    times.size(),
                    times.size() / (nanos / 1e9),
                    times.get(times.size() / 2) / 1e6,
                    times.get(times.size() * 95 / 100) / 1e6);
        }
    }
}
