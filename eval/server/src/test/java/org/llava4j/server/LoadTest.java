package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

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
        try (TestServer server =
                TestServer.trained(TestServer.options().maxConcurrentRequests(8).build())) {
            LoadQuestions questions =
                    LoadQuestions.ask(temp.resolve("dataset-" + nanos), body -> TestServer.answer(server.post(body)));
            List<Long> times = Collections.synchronizedList(new ArrayList<>());
            AtomicLong deadline = new AtomicLong(System.nanoTime() + nanos);
            ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
            List<Future<?>> running = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                int first = client;
                running.add(clients.submit(() -> {
                    for (int i = first; System.nanoTime() < deadline.get(); i++) {
                        int question = i % questions.count();
                        long startNanos = System.nanoTime();
                        HttpResponse<String> response =
                                server.post(questions.requests().get(question));
                        times.add(System.nanoTime() - startNanos);
                        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                        assertThat(TestServer.answer(response))
                                .isEqualTo(questions.answers().get(question));
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
