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
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

/** The journal when its process was killed, its file was damaged, or another run has it. */
class RequestJournalTest {
    private static final ChatParameters SETTINGS = new ChatParameters("m", 0, 1, 20);
    private static final LlmRequest.PromptPrefix LEAD =
            new LlmRequest.PromptPrefix(List.of(ChatMessage.system("You answer.")));
    private static final List<LlmRequest> CALLS = IntStream.range(0, 12)
            .mapToObj(i -> new LlmRequest("call " + i, LEAD, "question " + i, SETTINGS))
            .toList();

    @TempDir
    private Path temp;

    private Path file;
    private byte[] whole;

    @BeforeEach
    void aJournal() throws IOException {
        file = temp.resolve("calls.jsonl");
        assertThat(ask(new HashMap<>())).isEmpty();
        whole = Files.readAllBytes(file);
    }

    /** Asks all calls; the map counts how often each was sent. */
    private Optional<String> ask(Map<String, Integer> sent) {
        LlmClient endpoint = call -> {
            sent.merge(call.question(), 1, Integer::sum);
            return new LlmAnswer("to " + call.question(), "stop", "m", 5, 2);
        };
        try (RequestJournal journal = RequestJournal.append(file)) {
            return new RequestRunner(
                            endpoint,
                            journal,
                            RequestLimits.NONE,
                            RetryPolicy.DEFAULT,
                            new FakeClock(),
                            new RequestListener() {})
                    .run(CALLS.iterator(), CALLS.size());
        }
    }

    /** Cut off wherever a kill may have stopped the writing: what was answered is there, the rest is asked once. */
    @Test
    void aKilledRunIsGoneOnWith() throws IOException {
        Random random = new Random(6);
        for (int round = 0; round < 60; round++) {
            byte[] left = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
            Files.write(file, left);
            long answered;
            long requests;
            try (RequestJournal journal = RequestJournal.append(file)) {
                answered = journal.answers();
                requests = journal.requests();
                assertThat(requests - answered).as("at most one was in flight").isBetween(0L, 1L);
                assertThat(journal.tokens())
                        .as("what was in flight may have been answered and counted")
                        .isEqualTo(7 * answered
                                + (requests > answered ? CALLS.get(0).maxTotalTokens() : 0)
                                + (requests > answered && requests > 10 ? 1 : 0));
            }
            Map<String, Integer> sent = new HashMap<>();
            assertThat(ask(sent)).isEmpty();
            assertThat(sent)
                    .hasSize((int) (CALLS.size() - answered))
                    .allSatisfy((call, times) -> assertThat(times).isOne());
            try (RequestJournal journal = RequestJournal.read(file)) {
                for (LlmRequest call : CALLS) {
                    assertThat(journal.answer(call.key()).orElseThrow().text()).isEqualTo("to " + call.question());
                }
            }
        }
    }

    @Test
    void damageIsNamedWithItsLine() throws IOException {
        Random random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            Files.write(file, damaged);
            try (RequestJournal journal = RequestJournal.read(file)) {
                for (LlmRequest call : CALLS) {
                    journal.answer(call.key());
                }
            } catch (BadInputException e) {
                refused++;
                assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
            }
        }
        assertThat(refused).isGreaterThan(30);
    }

    @Test
    void oneRunAtATimeWrites() {
        try (RequestJournal journal = RequestJournal.append(file)) {
            assertThat(journal.answers()).isEqualTo(CALLS.size());
            assertThatThrownBy(() -> RequestJournal.append(file))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("another run writes this journal");
        }
        try (RequestJournal journal = RequestJournal.append(file)) {
            assertThat(journal.answers()).isEqualTo(CALLS.size());
        }
    }
}
