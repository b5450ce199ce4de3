package org.llava4j.eval.ensemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.ScriptedEndpoint;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;

/** Both ways of the paper, against a model on loopback that is right, wrong, unreadable, refuses and fails. */
class EnsembleMainTest {
    @TempDir
    private Path temp;

    private Path world;
    private Path ours;
    private List<ScienceQaProblem> problems;

    /** By the number of a problem: ours is right in 0, 1, 2; theirs in 0, 3, 4. */
    @BeforeEach
    void draw() {
        world = temp.resolve("world");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(5, 0, 0, 2, 0, false), world);
        problems = ScienceQaRecordReader.problems(world, "test");
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            String text = i % 6 == 5 ? "I cannot tell." : says(problems.get(i), i % 6 < 3);
            predictions.add(Prediction.of(problems.get(i).id(), "?", text, "ours"));
        }
        ours = temp.resolve("ours.jsonl");
        PredictionFile.write(ours, predictions);
    }

    private static String says(ScienceQaProblem problem, boolean right) {
        int choice = right
                ? problem.answer()
                : (problem.answer() + 1) % problem.choices().size();
        return "The answer is " + ScienceQaPrompt.letter(choice) + ".";
    }

    private int numberOf(String question) {
        for (int i = 0; i < problems.size(); i++) {
            if (question.startsWith(ScienceQaPrompt.A.question(problems.get(i).withoutImage()))) {
                return i;
            }
        }
        throw new IllegalStateException("an unknown question: " + question);
    }

    private String theirs(int i, boolean judging) {
        return switch (i % 6) {
            case 0 -> says(problems.get(i), true);
            case 1 -> judging ? says(problems.get(i), true) : "It could be either.";
            case 2 -> judging ? "Both have a point." : says(problems.get(i), false);
            case 3 -> judging ? ScriptedEndpoint.REFUSED : says(problems.get(i), true);
            case 4 -> says(problems.get(i), true);
            default -> ScriptedEndpoint.REFUSED;
        };
    }

    private JsonNode run(String url, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of(
                "--predictions",
                ours.toString(),
                "--data-path",
                world.toString(),
                "--output-dir",
                temp.resolve("out").toString(),
                "--base-url",
                url,
                "--model",
                "stub",
                "--concurrency",
                "1"));
        args.addAll(List.of(more));
        EnsembleMain.main(args.toArray(new String[0]));
        return new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
    }

    /** Problems with different texts may be one question without their picture; they are counted by that. */
    @Test
    void complementJudgeAndUpperBoundAreThoseCountedByHand() throws IOException {
        ConcurrentHashMap<String, AtomicInteger> times = new ConcurrentHashMap<>();
        JsonNode report;
        int asked;
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> {
            boolean judging = question.contains("Second solver: ");
            int first =
                    times.computeIfAbsent(question, any -> new AtomicInteger()).incrementAndGet();
            if (first == 1 && time % 5 == 2) {
                return time % 2 == 0 ? ScriptedEndpoint.TOO_MANY : ScriptedEndpoint.BROKEN;
            }
            return theirs(numberOf(question), judging);
        })) {
            report = run(endpoint.url());
            asked = endpoint.asked();
            // Everything is in the journal: nothing is asked again, here or without an endpoint.
            JsonNode again = run(endpoint.url());
            assertThat(endpoint.asked()).isEqualTo(asked);
            assertThat(again.get("counts")).isEqualTo(report.get("counts"));
        }
        JsonNode replayed = run("http://127.0.0.1:1/v1", "--replay");
        assertThat(replayed.get("counts")).isEqualTo(report.get("counts"));

        int[] right = new int[5];
        for (int i = 0; i < problems.size(); i++) {
            // The endpoint knows a problem by its text: the first of equal ones answers for all.
            int spoken = numberOf(ScienceQaPrompt.A.question(problems.get(i).withoutImage()));
            String own = PredictionFile.read(ours).get(problems.get(i).id()).text();
            String theirs = theirs(spoken, false);
            boolean ownRight = own.equals(says(problems.get(i), true));
            boolean theirsRight = theirs.equals(says(problems.get(i), true));
            boolean theirsRead = theirs.startsWith("The answer");
            String judged = theirs(spoken, true);
            boolean differ = theirsRead ? !theirs.equals(own) : own.startsWith("The answer");
            boolean refused = theirs.equals(ScriptedEndpoint.REFUSED);
            right[0] += ownRight ? 1 : 0;
            right[1] += theirsRight ? 1 : 0;
            right[2] += theirsRead ? (theirsRight ? 1 : 0) : ownRight ? 1 : 0;
            String taken = !differ || refused ? theirs : judged;
            right[3] += taken.startsWith("The answer")
                    ? (taken.equals(says(problems.get(i), true)) ? 1 : 0)
                    : ownRight ? 1 : 0;
            right[4] += ownRight || theirsRight ? 1 : 0;
        }
        String[] names = {"ours", "text_only_model", "complement", "judge", "upper_bound"};
        for (int i = 0; i < names.length; i++) {
            assertThat(report.at("/counts/" + names[i] + "/correct").intValue())
                    .as(names[i])
                    .isEqualTo(right[i]);
        }
        assertThat(temp.resolve("out/report.md")).content().contains("text-only model answered");
    }

    @Test
    void outputIsRefusedBeforeTheFirstCall() throws IOException {
        Files.createDirectories(temp.resolve("out"));
        Files.writeString(temp.resolve("out/notes.txt"), "mine");
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> "The answer is A.")) {
            assertThatThrownBy(() -> run(endpoint.url()))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("no previous run wrote");
            assertThat(endpoint.asked()).isZero();
        }
    }

    @Test
    void filteredAnswersAreNotUsed() throws IOException {
        JsonNode report;
        try (ScriptedEndpoint endpoint =
                new ScriptedEndpoint((system, question, time) -> ScriptedEndpoint.filtered("A"))) {
            report = run(endpoint.url());
        }
        assertThat(report.at("/counts/text_only_model/failed").intValue()).isEqualTo(problems.size());
        assertThat(temp.resolve("out/report.md"))
                .content()
                .contains(problems.size() + " answers were cut by the token limit or a content filter");
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThatThrownBy(() -> run("http://127.0.0.1:1/v1", "--split", "nowhere"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> run("http://127.0.0.1:1/v1", "--replay"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("calls.jsonl");
    }
}
