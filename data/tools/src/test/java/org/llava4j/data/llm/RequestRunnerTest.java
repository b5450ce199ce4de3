package org.llava4j.data.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.llm.StubEndpoint.Reply;

/** Requests to an OpenAI-compatible stub server on loopback. */
@Timeout(30)
class RequestRunnerTest {
    private static final String KEY = "sk-secret-0123456789";
    private static final ChatParameters SETTINGS = new ChatParameters("m", 0, 1, 20);
    private static final LlmRequest.PromptPrefix PREFIX = new LlmRequest.PromptPrefix(
            List.of(ChatMessage.system("You answer."), ChatMessage.user("one?"), ChatMessage.assistant("It is one.")));

    @TempDir
    Path folder;

    private final FakeClock time = new FakeClock();
    private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
    private Path journal;

    @BeforeEach
    void setJournal() {
        journal = folder.resolve("calls.jsonl");
    }

    @Test
    void runRetriesEveryTransientFailureOnce() {
        List<LlmRequest> requests = requests(60);
        try (StubEndpoint stub = StubEndpoint.start(RequestRunnerTest::troubled)) {
            assertThat(run(stub, requests, limits(8), RetryPolicy.DEFAULT)).isNull();
            assertThat(stub.answered())
                    .hasSize(60)
                    .allSatisfy((body, times) -> assertThat(times).isOne());
            assertThat(failures)
                    .hasSize(53)
                    .anyMatch(text -> text.equals("status 429: slow down"))
                    .anyMatch(text -> text.startsWith("status 500"))
                    .anyMatch(text -> text.startsWith("the answer is malformed JSON: "))
                    .anyMatch(text -> text.startsWith("the connection broke"))
                    .anyMatch(text -> text.equals("no complete answer within 0.5 s"))
                    .anyMatch(text -> text.startsWith("the answer does not conform to OpenAI's API"));
            int sent = stub.requests();
            assertThat(sent).isEqualTo(113);
            assertThat(run(stub, requests, limits(8), RetryPolicy.DEFAULT)).isNull();
            assertThat(stub.requests()).isEqualTo(sent);
        }
        try (RequestJournal written = RequestJournal.read(journal)) {
            for (LlmRequest request : requests) {
                assertThat(written.answer(request.key()))
                        .isEqualTo(new LlmAnswer("to " + request.question(), "stop", "stub-1", 7, 2));
            }
        }
    }

    /** Fails the first attempt in one of seven ways; the last eighth of the requests succeeds. */
    private static Reply troubled(JsonNode request, int times) throws InterruptedException {
        String question = question(request);
        String text = "to " + question;
        if (times > 1) {
            return Reply.text(request, text);
        }
        return switch (Integer.parseInt(question) % 8) {
            case 0 -> Reply.status(429, "Retry-After: 3\r\n", "slow down");
            case 1 -> Reply.status(500, "", "oh");
            case 2 -> Reply.truncatedJson(text);
            case 3 -> Reply.cut(text);
            case 4 -> Reply.nothing();
            case 5 -> Reply.stall(text);
            case 6 -> Reply.body("{\"choices\": []}");
            default -> Reply.text(request, text);
        };
    }

    @Test
    void runHonorsRetryAfter() {
        List<Long> moments = Collections.synchronizedList(new ArrayList<>());
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            moments.add(time.millis());
            return times == 1 && question(request).equals("0")
                    ? Reply.status(429, "Retry-After: 42\r\n", "")
                    : Reply.text(request, "yes");
        })) {
            assertThat(run(stub, requests(2), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
        assertThat(moments).hasSize(3);
        assertThat(moments.get(1) - moments.get(0)).isEqualTo(42_000);
    }

    @Test
    void runBacksOffExponentiallyUpToMaxAttempts() {
        List<Long> moments = Collections.synchronizedList(new ArrayList<>());
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            moments.add(time.millis());
            return times <= 4 ? Reply.status(503, "", "") : Reply.text(request, "yes");
        })) {
            assertThat(run(stub, requests(1), limits(1), new RetryPolicy(4, 1000, 3000)))
                    .isEqualTo("1 requests have no answer after 4 attempts each: status 503");
            assertThat(moments).hasSize(4);
            assertThat(moments.get(1) - moments.get(0)).isBetween(500L, 1000L);
            assertThat(moments.get(2) - moments.get(1)).isBetween(1000L, 2000L);
            assertThat(moments.get(3) - moments.get(2)).isBetween(1500L, 3000L);
            assertThat(run(stub, requests(1), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
    }

    @Test
    void retryAfterZeroKeepsBackoff() {
        List<Long> moments = Collections.synchronizedList(new ArrayList<>());
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            moments.add(time.millis());
            return times <= 3 ? Reply.status(429, "Retry-After: 0\r\n", "") : Reply.text(request, "yes");
        })) {
            assertThat(run(stub, requests(1), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
        assertThat(moments.get(1) - moments.get(0)).isBetween(500L, 1000L);
        assertThat(moments.get(3) - moments.get(2)).isBetween(2000L, 4000L);
    }

    @Test
    void runReportsReasonsOfUnansweredRequests() {
        String limit = "{\"error\": {\"message\": \"Rate limit reached for m\", \"type\": \"tokens\"}}";
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> switch (question(request)) {
            case "0", "1" -> Reply.status(429, "", limit);
            case "2" -> Reply.status(500, "", "out of memory");
            case "3" -> Reply.truncatedJson("lost");
            default -> Reply.text(request, "yes");
        })) {
            assertThat(run(stub, requests(6), limits(1), new RetryPolicy(2, 1, 1)))
                    .contains(
                            "4 requests have no answer after 2 attempts each: 2 with status 429: Rate limit reached for m; ")
                    .contains("1 with status 500: out of memory")
                    .contains("1 with the answer is malformed JSON: ")
                    .doesNotContain("\n");
        }
    }

    @Test
    void runReportsErrorWithStatus200() {
        String error = "{\"error\": {\"code\": 502, \"message\": \"upstream is down\"}}";
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.body(error))) {
            assertThat(run(stub, requests(1), limits(1), new RetryPolicy(2, 1, 1)))
                    .endsWith("the endpoint answered with an error: upstream is down");
        }
    }

    @ParameterizedTest
    @CsvSource({"stop,true", "eos_token,true", "length,false", "content_filter,false", "abort,false", "null,true"})
    void answerKeepsFinishReasonOfEndpoint(String finish, boolean whole) {
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.finished(request, "yes", finish))) {
            assertThat(run(stub, requests(1), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
        try (RequestJournal written = RequestJournal.read(journal)) {
            LlmAnswer answer = written.answer(requests(1).get(0).key());
            assertThat(answer.finish()).isEqualTo(finish.equals("null") ? "" : finish);
            assertThat(answer.complete()).isEqualTo(whole);
        }
    }

    @Test
    void answerThatIsTooLargeIsNotRead() throws Exception {
        byte[] part = new byte[1 << 20];
        Arrays.fill(part, (byte) ' ');
        HttpServer endless = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        endless.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            while (true) {
                exchange.getResponseBody().write(part);
            }
        });
        endless.start();
        try {
            String url = "http://127.0.0.1:" + endless.getAddress().getPort() + "/v1";
            OpenAiLlmClient client = new OpenAiLlmClient(url, KEY, Duration.ofSeconds(60));
            assertThatThrownBy(() -> client.complete(requests(1).get(0)))
                    .isInstanceOf(RequestFailedException.class)
                    .hasMessage("the answer has more than 67108864 bytes");
        } finally {
            endless.stop(0);
        }
    }

    @Test
    void quotaIsSharedByJournals() {
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.text(request, "yes"));
                RequestJournal first = RequestJournal.append(journal);
                RequestJournal second = RequestJournal.append(folder.resolve("calls.jsonl.2"))) {
            OpenAiLlmClient endpoint = new OpenAiLlmClient(stub.baseUrl(), KEY, Duration.ofSeconds(5));
            Quota quota = Quota.of(new RequestLimits(2, 0, 0, 7, 0), List.of(first, second), time);
            RequestListener silent = new RequestListener() {};
            assertThat(new RequestRunner(endpoint, first, quota, RetryPolicy.DEFAULT, time, silent)
                            .run(requests(5).iterator(), 5))
                    .isNull();
            assertThat(new RequestRunner(endpoint, second, quota, RetryPolicy.DEFAULT, time, silent)
                            .run(requests(5).iterator(), 5))
                    .isEqualTo("all 7 requests of the budget are used");
            assertThat(stub.requests()).isEqualTo(7);
            Quota again = Quota.of(new RequestLimits(2, 0, 0, 7, 0), List.of(first, second), time);
            assertThat(new RequestRunner(endpoint, second, again, RetryPolicy.DEFAULT, time, silent)
                            .run(requests(5).iterator(), 5))
                    .isNotNull();
            assertThat(stub.requests()).isEqualTo(7);
            long spent = first.tokens() + second.tokens();
            List<LlmRequest> others = requests(12).subList(10, 12);
            RequestLimits tokens =
                    new RequestLimits(1, 0, 0, 0, spent + others.get(0).maxTotalTokens() - 1);
            Quota exhausted = Quota.of(tokens, List.of(first, second), time);
            assertThat(new RequestRunner(endpoint, second, exhausted, RetryPolicy.DEFAULT, time, silent)
                            .run(others.iterator(), 2))
                    .contains("tokens are used");
            assertThat(stub.requests()).isEqualTo(7);
        }
    }

    @Test
    void interruptedRunJournalsRequestsInFlight() throws InterruptedException {
        CountDownLatch inFlight = new CountDownLatch(1);
        LlmClient endpoint = request -> {
            inFlight.countDown();
            Thread.sleep(300);
            return new LlmAnswer("yes", "stop", "m", 5, 2);
        };
        try (RequestJournal open = RequestJournal.append(journal)) {
            RequestRunner some =
                    new RequestRunner(endpoint, open, limits(1), RetryPolicy.DEFAULT, time, new RequestListener() {});
            List<String> ended = Collections.synchronizedList(new ArrayList<>());
            Thread run = new Thread(() -> ended.add(some.run(requests(5).iterator(), 5)));
            run.start();
            inFlight.await();
            run.interrupt();
            run.join();
            assertThat(ended).containsExactly("the run was interrupted");
            assertThat(open.answers()).isEqualTo(open.requests()).isPositive();
        }
    }

    /** One worker fails while another has a request in flight: its answer is paid for and must be journaled. */
    @Test
    void failedWorkerKeepsRequestsOfOthers() {
        CountDownLatch inFlight = new CountDownLatch(1);
        LlmClient endpoint = request -> {
            if (request.question().equals("0")) {
                inFlight.await();
                throw new IllegalStateException("broken");
            }
            inFlight.countDown();
            Thread.sleep(300);
            return new LlmAnswer("yes", "stop", "m", 5, 2);
        };
        try (RequestJournal open = RequestJournal.append(journal)) {
            RequestRunner two =
                    new RequestRunner(endpoint, open, limits(2), RetryPolicy.DEFAULT, time, new RequestListener() {});
            assertThatThrownBy(() -> two.run(requests(2).iterator(), 2)).hasMessage("broken");
            assertThat(open.answer(requests(2).get(1).key())).isNotNull();
        }
    }

    /** An OutOfMemoryError on one thread also stops the others, each after its request in flight. */
    @Test
    void errorOfWorkerStopsOthers() {
        CountDownLatch failed = new CountDownLatch(1);
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        LlmClient endpoint = request -> {
            asked.add(request.question());
            if (request.question().equals("0")) {
                failed.countDown();
                throw new OutOfMemoryError("Java heap space");
            }
            failed.await();
            Thread.sleep(300);
            return new LlmAnswer("yes", "stop", "m", 5, 2);
        };
        try (RequestJournal open = RequestJournal.append(journal)) {
            RequestRunner two =
                    new RequestRunner(endpoint, open, limits(2), RetryPolicy.DEFAULT, time, new RequestListener() {});
            assertThatThrownBy(() -> two.run(requests(9).iterator(), 9)).hasRootCauseInstanceOf(OutOfMemoryError.class);
        }
        assertThat(asked).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void rateLimiterSpacesRequests() {
        List<Long> moments = Collections.synchronizedList(new ArrayList<>());
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            moments.add(time.millis());
            return Reply.text(request, "yes");
        })) {
            assertThat(run(stub, requests(7), new RequestLimits(1, 30, 0, 0, 0), RetryPolicy.DEFAULT))
                    .isNull();
            assertThat(moments.get(6) - moments.get(0)).isEqualTo(12_000);
            moments.clear();
            long expected = requests(1).get(0).expectedTokens();
            List<LlmRequest> others = requests(14).subList(7, 14);
            assertThat(run(stub, others, new RequestLimits(1, 0, expected * 6, 0, 0), RetryPolicy.DEFAULT))
                    .isNull();
            assertThat(moments.get(6) - moments.get(0)).isBetween(59_900L, 61_000L);
        }
    }

    @Test
    void requestBudgetHoldsAcrossRuns() {
        try (StubEndpoint stub = StubEndpoint.start(RequestRunnerTest::troubled)) {
            assertThat(run(stub, requests(60), new RequestLimits(8, 0, 0, 25, 0), RetryPolicy.DEFAULT))
                    .startsWith("all 25 requests of the budget are used (the last failed attempt: ");
            assertThat(stub.requests()).isEqualTo(25);
            assertThat(run(stub, requests(60), new RequestLimits(8, 0, 0, 25, 0), RetryPolicy.DEFAULT))
                    .isNotNull();
            assertThat(stub.requests()).isEqualTo(25);
            assertThat(run(stub, requests(60), new RequestLimits(8, 0, 0, 0, 0), RetryPolicy.DEFAULT))
                    .isNull();
            assertThat(stub.answered())
                    .hasSize(60)
                    .allSatisfy((body, times) -> assertThat(times).isOne());
        }
    }

    @Test
    void tokenBudgetHoldsForConcurrentRequests() {
        long bound = requests(1).get(0).maxTotalTokens();
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            Thread.sleep(3);
            return Reply.text(request, "as many words as the answer may have ".repeat(2));
        })) {
            long budget = bound * 3;
            String ended = run(stub, requests(200), new RequestLimits(8, 0, 0, 0, budget), RetryPolicy.DEFAULT);
            assertThat(ended).contains("of the budget of " + budget + " tokens are used");
            assertThat(stub.tokens()).isLessThanOrEqualTo(budget).isGreaterThan(budget - bound);
            assertThat(stub.maxConcurrent()).isLessThanOrEqualTo(3);
        }
    }

    @Test
    void lostAnswerCountsAsSpent() {
        long bound = requests(1).get(0).maxTotalTokens();
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.cut("lost"))) {
            RequestLimits limits = new RequestLimits(1, 0, 0, 0, bound * 3 + bound / 2);
            assertThat(run(stub, requests(1), limits, RetryPolicy.DEFAULT)).isNotNull();
            assertThat(stub.requests()).isEqualTo(3);
        }
    }

    @Test
    void wrongKeyStopsRunAndIsRedacted() throws IOException {
        try (StubEndpoint stub = StubEndpoint.start(
                (request, times) -> Reply.status(401, "", "Incorrect API key provided: " + KEY + "."))) {
            assertThat(run(stub, requests(50), limits(2), RetryPolicy.DEFAULT))
                    .isEqualTo("status 401: Incorrect API key provided: [key].");
            assertThat(stub.requests()).isLessThanOrEqualTo(2);
            assertThat(stub.authorizations()).contains("Bearer " + KEY);
        }
        assertThat(Files.readString(journal)).contains("[key]").doesNotContain(KEY);
    }

    @Test
    void keyInAnswerIsRedacted() throws IOException {
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.text(request, "you sent " + KEY))) {
            assertThat(run(stub, requests(1), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
        assertThat(Files.readString(journal)).contains("you sent [key]").doesNotContain(KEY);
    }

    @Test
    void rejectedRequestIsSettledIfOthersAreAnswered() {
        try (StubEndpoint stub =
                StubEndpoint.start((request, times) -> question(request).equals("5")
                        ? Reply.status(400, "", "{\"error\": \"no\"}")
                        : Reply.text(request, "yes"))) {
            assertThat(run(stub, requests(8), limits(1), RetryPolicy.DEFAULT)).isNull();
            assertThat(run(stub, requests(8), limits(1), RetryPolicy.DEFAULT)).isNull();
            assertThat(stub.requests()).isEqualTo(8);
        }
        try (RequestJournal written = RequestJournal.read(journal)) {
            assertThat(written.rejectionReason(requests(6).get(5).key())).isEqualTo("status 400: {\"error\": \"no\"}");
        }
    }

    @Test
    void runStopsIfEndpointRejectsEverything() {
        AtomicBoolean repaired = new AtomicBoolean();
        try (StubEndpoint stub = StubEndpoint.start((request, times) ->
                repaired.get() ? Reply.text(request, "yes") : Reply.status(422, "", "temperature is not known"))) {
            assertThat(run(stub, requests(40), limits(1), RetryPolicy.DEFAULT))
                    .isEqualTo("no request was answered and 5 were rejected, the last because status 422:"
                            + " temperature is not known");
            assertThat(stub.requests()).isEqualTo(5);
            repaired.set(true);
            assertThat(run(stub, requests(40), limits(1), RetryPolicy.DEFAULT)).isNull();
        }
    }

    @Test
    void runSendsDuplicateRequestsOnce() {
        List<LlmRequest> twice = new ArrayList<>(requests(5));
        twice.addAll(requests(5));
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> Reply.text(request, "yes"))) {
            assertThat(run(stub, twice, limits(3), RetryPolicy.DEFAULT)).isNull();
            assertThat(stub.requests()).isEqualTo(5);
        }
    }

    @Test
    void stoppedRunJournalsRequestsInFlight() {
        AtomicBoolean stop = new AtomicBoolean();
        try (StubEndpoint stub = StubEndpoint.start((request, times) -> {
            stop.compareAndSet(false, question(request).equals("9"));
            Thread.sleep(20);
            return Reply.text(request, "yes");
        })) {
            String ended = run(stub, requests(40), limits(3), RetryPolicy.DEFAULT, stop);
            assertThat(ended).isEqualTo("a stop was requested");
            try (RequestJournal written = RequestJournal.read(journal)) {
                assertThat(written.answers()).isEqualTo(stub.requests()).isBetween(10L, 13L);
            }
            stop.set(false);
            assertThat(run(stub, requests(40), limits(3), RetryPolicy.DEFAULT)).isNull();
            assertThat(stub.requests()).isEqualTo(40);
        }
    }

    private @Nullable String run(
            StubEndpoint stub, List<LlmRequest> requests, RequestLimits limits, RetryPolicy retryPolicy) {
        return run(stub, requests, limits, retryPolicy, new AtomicBoolean());
    }

    private @Nullable String run(
            StubEndpoint stub,
            List<LlmRequest> requests,
            RequestLimits limits,
            RetryPolicy retryPolicy,
            AtomicBoolean stop) {
        RequestListener listener = new RequestListener() {
            @Override
            public void failed(LlmRequest request, String reason) {
                failures.add(reason);
            }

            @Override
            public boolean isStopRequested() {
                return stop.get();
            }
        };
        try (RequestJournal open = RequestJournal.append(journal)) {
            OpenAiLlmClient endpoint = new OpenAiLlmClient(stub.baseUrl(), KEY, Duration.ofMillis(500));
            return new RequestRunner(endpoint, open, limits, retryPolicy, time, listener)
                    .run(requests.iterator(), requests.size());
        }
    }

    private static RequestLimits limits(int concurrency) {
        return new RequestLimits(concurrency, 0, 0, 0, 0);
    }

    static List<LlmRequest> requests(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new LlmRequest("call/" + i, PREFIX, String.valueOf(i), SETTINGS))
                .toList();
    }

    private static String question(JsonNode request) {
        JsonNode messages = request.path("messages");
        return messages.get(messages.size() - 1).path("content").asText();
    }
}
