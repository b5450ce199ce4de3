package org.llava4j.data.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

/** Journal of a killed process, corrupt journals and locked journals. */
class RequestJournalTest {
    private static final ChatParameters SETTINGS = new ChatParameters("m", 0, 1, 20);
    private static final LlmRequest.PromptPrefix PREFIX =
            new LlmRequest.PromptPrefix(List.of(ChatMessage.system("You answer.")));
    private static final List<LlmRequest> REQUESTS = IntStream.range(0, 12)
            .mapToObj(i -> new LlmRequest("call " + i, PREFIX, "question " + i, SETTINGS))
            .toList();

    @TempDir
    private Path temp;

    private Path file;
    private byte[] whole;

    @BeforeEach
    void writeJournal() throws IOException {
        file = temp.resolve("calls.jsonl");
        assertThat(send(new HashMap<>())).isNull();
        whole = Files.readAllBytes(file);
    }

    /** Sends all requests; the map counts how often each was sent. */
    private @Nullable String send(Map<String, Integer> sent) {
        LlmClient endpoint = request -> {
            sent.merge(request.question(), 1, Integer::sum);
            return new LlmAnswer("to " + request.question(), "stop", "m", 5, 2);
        };
        try (RequestJournal journal = RequestJournal.append(file)) {
            return new RequestRunner(
                            endpoint,
                            journal,
                            RequestLimits.NONE,
                            RetryPolicy.DEFAULT,
                            new FakeClock(),
                            new RequestListener() {})
                    .run(REQUESTS.iterator(), REQUESTS.size());
        }
    }

    /**
     * Truncated wherever a kill may have stopped the writing: answered requests are not sent again, the others are sent
     * once.
     */
    @Test
    void appendResumesTruncatedJournal() throws IOException {
        Random random = new Random(6);
        for (int round = 0; round < 60; round++) {
            byte[] left = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
            Files.write(file, left);
            long answered;
            long requests;
            try (RequestJournal journal = RequestJournal.append(file)) {
                answered = journal.answers();
                requests = journal.requests();
                assertThat(requests - answered)
                        .as("at most one request was in flight")
                        .isBetween(0L, 1L);
                assertThat(journal.tokens())
                        .as("a request in flight counts as spent")
                        .isEqualTo(7 * answered
                                + (requests > answered ? REQUESTS.get(0).maxTotalTokens() : 0)
                                + (requests > answered && requests > 10 ? 1 : 0));
            }
            Map<String, Integer> sent = new HashMap<>();
            assertThat(send(sent)).isNull();
            assertThat(sent)
                    .hasSize((int) (REQUESTS.size() - answered))
                    .allSatisfy((request, times) -> assertThat(times).isOne());
            try (RequestJournal journal = RequestJournal.read(file)) {
                for (LlmRequest request : REQUESTS) {
                    assertThat(journal.answer(request.key()).text()).isEqualTo("to " + request.question());
                }
            }
        }
    }

    @Test
    void readReportsCorruptLine() throws IOException {
        Random random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            Files.write(file, damaged);
            try (RequestJournal journal = RequestJournal.read(file)) {
                for (LlmRequest request : REQUESTS) {
                    journal.answer(request.key());
                }
            } catch (BadInputException e) {
                refused++;
                assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
            }
        }
        assertThat(refused).isGreaterThan(30);
    }

    @Test
    void appendRejectsLockedJournal() {
        try (RequestJournal journal = RequestJournal.append(file)) {
            assertThat(journal.answers()).isEqualTo(REQUESTS.size());
            assertThatThrownBy(() -> RequestJournal.append(file))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("another run writes this journal");
        }
        try (RequestJournal journal = RequestJournal.append(file)) {
            assertThat(journal.answers()).isEqualTo(REQUESTS.size());
        }
    }
}
