package org.llava4j.eval.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.JsonInput;
import org.llava4j.data.instruct.GenerateInstructionsMain;
import org.llava4j.eval.ScriptedEndpoint;
import org.llava4j.eval.llavabench.JudgeMain;
import org.llava4j.testing.ChildJvm;
import org.llava4j.testing.CocoFiles;
import org.llava4j.testing.CocoFiles.CocoImage;
import org.llava4j.testing.ModelFolders;
import org.llava4j.testing.RandomKills;

/** Commands that send paid requests, in separate JVMs that are killed. */
class KilledRequestsTest {
    private static final int KILLS = 6;
    private static final int CONCURRENCY = 3;
    private static final int ANSWER_MS = 40;
    private static final int IMAGES = 40;
    private static final int QUESTIONS = 60;

    @TempDir
    private Path temp;

    @Test
    void killedGenerationResumesToIdenticalOutput() throws Exception {
        List<CocoImage> images = IntStream.rangeClosed(1, IMAGES)
                .mapToObj(i -> new CocoImage(i + ".jpg", List.of("number " + i + " on a wall")))
                .toList();
        Path captions = temp.resolve("captions.json");
        Path instances = temp.resolve("instances.json");
        CocoFiles.write(captions, instances, images);
        List<String> flags = List.of("--captions", captions.toString(), "--instances", instances.toString());
        try (ScriptedEndpoint endpoint = slow("Question:\nWhat is on the wall?\n===\nAnswer:\nA number.\n===")) {
            killAndResume(GenerateInstructionsMain.class, endpoint, 3 * IMAGES, flags);
        }
        assertThat(ModelFolders.files(temp.resolve("out")))
                .containsExactlyEntriesOf(ModelFolders.files(temp.resolve("whole")));
    }

    @Test
    void killedJudgeResumesToIdenticalReviews() throws Exception {
        StringBuilder questions = new StringBuilder();
        StringBuilder contexts = new StringBuilder();
        StringBuilder references = new StringBuilder();
        StringBuilder answers = new StringBuilder();
        for (int i = 0; i < QUESTIONS; i++) {
            questions.append(
                    "{\"question_id\":%d,\"image\":\"%d.png\",\"text\":\"Question %d?\",\"category\":\"conv\"}\n"
                            .formatted(i, i, i));
            contexts.append("{\"image\":\"%d.png\",\"caption\":\"a map %d\"}\n".formatted(i, i));
            references.append("{\"question_id\":%d,\"text\":\"Reference %d.\"}\n".formatted(i, i));
            answers.append("{\"question_id\":%d,\"text\":\"Answer %d.\"}\n".formatted(i, i));
        }
        List<String> flags = List.of(
                "--questions",
                Files.writeString(temp.resolve("questions.jsonl"), questions).toString(),
                "--context",
                Files.writeString(temp.resolve("context.jsonl"), contexts).toString(),
                "--reference",
                Files.writeString(temp.resolve("reference.jsonl"), references).toString(),
                "--answers",
                Files.writeString(temp.resolve("answers.jsonl"), answers).toString(),
                "--swap");
        try (ScriptedEndpoint endpoint = slow("8 7\nbecause")) {
            killAndResume(JudgeMain.class, endpoint, 2 * QUESTIONS, flags);
        }
        Path out = temp.resolve("out");
        Path whole = temp.resolve("whole");
        assertThat(out.resolve("reviews.jsonl")).hasSameBinaryContentAs(whole.resolve("reviews.jsonl"));
        assertThat(JsonInput.readObject(out.resolve("report.json")).get("tables"))
                .isEqualTo(JsonInput.readObject(whole.resolve("report.json")).get("tables"));
    }

    /** An endpoint that needs {@link #ANSWER_MS} for an answer, so that requests are in flight at most times. */
    private static ScriptedEndpoint slow(String answer) throws IOException {
        return new ScriptedEndpoint((system, question, time) -> {
            try {
                Thread.sleep(ANSWER_MS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return answer;
        });
    }

    /** Runs a command to {@code whole}, and killed and resumed to {@code out}. */
    private void killAndResume(Class<?> command, ScriptedEndpoint endpoint, int requests, List<String> flags)
            throws Exception {
        ChildJvm jvm = new ChildJvm(command, List.of(), temp.resolve("log"));
        jvm.run(args(flags, endpoint, temp.resolve("whole")));
        assertThat(endpoint.requests()).isEqualTo(requests);
        Path out = temp.resolve("out");
        List<String> args = args(flags, endpoint, out);
        RandomKills random = new RandomKills(new Random(13), 2 * ANSWER_MS);
        int mayBeSentAgain = 0;
        for (int kill = 1; kill <= KILLS; kill++) {
            random.kill(() -> jvm.start(args), () -> keys("answered").size());
            assertThat(out).doesNotExist();
            List<String> sent = keys("sent");
            Set<String> inFlight = new HashSet<>(sent);
            inFlight.removeAll(keys("answered"));
            assertThat(inFlight).hasSizeLessThanOrEqualTo(CONCURRENCY);
            mayBeSentAgain += inFlight.size();
        }
        assertThat(keys("answered")).hasSizeLessThan(requests);
        assertThat(mayBeSentAgain).as("kills met requests in flight").isPositive();
        jvm.run(args);
        assertEachAnswerIsPaidOnce();
        assertThat(keys("answered")).hasSize(requests).doesNotHaveDuplicates();
        assertThat(endpoint.requests()).isBetween(2 * requests, 2 * requests + mayBeSentAgain);
        Collection<Integer> times = endpoint.received().values();
        assertThat(times).hasSize(requests).allMatch(count -> count >= 2);
        assertThat(temp.toFile().list()).as("nothing is left behind").noneMatch(name -> name.endsWith(".part"));
    }

    /** No request is sent after the journal has its answer. */
    private void assertEachAnswerIsPaidOnce() throws IOException {
        Set<String> answered = new HashSet<>();
        for (JsonNode line : journal()) {
            String key = line.path("key").asText();
            switch (line.path("event").asText()) {
                case "answered" -> answered.add(key);
                case "sent" -> assertThat(answered).doesNotContain(key);
                default -> assertThat(line.path("event").asText()).isEqualTo("lead");
            }
        }
    }

    private List<String> keys(String event) throws IOException {
        return journal().stream()
                .filter(line -> line.path("event").asText().equals(event))
                .map(line -> line.path("key").asText())
                .toList();
    }

    private List<JsonNode> journal() throws IOException {
        Path journal = temp.resolve("out.calls.jsonl");
        if (!Files.exists(journal)) {
            return List.of();
        }
        String text = Files.readString(journal);
        return text.substring(0, text.lastIndexOf('\n') + 1)
                .lines()
                .map(line -> JsonInput.parse("journal", line.getBytes(StandardCharsets.UTF_8)))
                .toList();
    }

    private static List<String> args(List<String> flags, ScriptedEndpoint endpoint, Path output) {
        List<String> args = new ArrayList<>(flags);
        args.addAll(List.of("--output-dir", output.toString(), "--base-url", endpoint.url(), "--model", "stub"));
        args.addAll(Arrays.asList("--concurrency", String.valueOf(CONCURRENCY)));
        return args;
    }
}
