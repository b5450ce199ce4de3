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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.ScriptedEndpoint;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;

/**
 * Both ensemble methods against a scripted endpoint that gives correct, incorrect and unparsed answers, rejections and
 * failures.
 */
class EnsembleMainTest {
    @TempDir
    private Path temp;

    private Path dataset;
    private Path ours;
    private List<ScienceQaProblem> problems;

    /** By problem index modulo 6: LLaVA is correct in 0, 1, 2; the text-only model in 0, 3, 4. */
    @BeforeEach
    void writePredictions() {
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(5, 0, 0, 2, 0, false), dataset);
        problems = ScienceQaRecordReader.problems(dataset, "test");
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < problems.size(); i++) {
            String text = i % 6 == 5 ? "I cannot tell." : answer(problems.get(i), i % 6 < 3);
            predictions.add(Prediction.of(problems.get(i).id(), "?", text, "ours"));
        }
        ours = temp.resolve("ours.jsonl");
        PredictionFile.write(ours, predictions);
    }

    private static String answer(ScienceQaProblem problem, boolean correct) {
        int choice = correct
                ? problem.answer()
                : (problem.answer() + 1) % problem.choices().size();
        return "The answer is " + ScienceQaPrompt.letter(choice) + ".";
    }

    private int indexOf(String question) {
        for (int i = 0; i < problems.size(); i++) {
            if (question.startsWith(ScienceQaPrompt.A.question(problems.get(i).withoutImage()))) {
                return i;
            }
        }
        throw new IllegalStateException("unknown question: " + question);
    }

    private String textOnlyAnswer(int i, boolean judging) {
        return switch (i % 6) {
            case 0 -> answer(problems.get(i), true);
            case 1 -> judging ? answer(problems.get(i), true) : "It could be either.";
            case 2 -> judging ? "Both have a point." : answer(problems.get(i), false);
            case 3 -> judging ? ScriptedEndpoint.REJECTED : answer(problems.get(i), true);
            case 4 -> answer(problems.get(i), true);
            default -> ScriptedEndpoint.REJECTED;
        };
    }

    private JsonNode run(String url, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of(
                "--predictions",
                ours.toString(),
                "--data-path",
                dataset.toString(),
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

    /** Problems may have equal questions once their images are removed; the expected counts take that into account. */
    @Test
    void ensembleMatchesCountsByHand() throws IOException {
        ConcurrentHashMap<String, AtomicInteger> times = new ConcurrentHashMap<>();
        JsonNode report;
        int requests;
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> {
            boolean judging = question.contains("Second solver: ");
            int first =
                    times.computeIfAbsent(question, any -> new AtomicInteger()).incrementAndGet();
            if (first == 1 && time % 5 == 2) {
                return time % 2 == 0 ? ScriptedEndpoint.TOO_MANY : ScriptedEndpoint.BROKEN;
            }
            return textOnlyAnswer(indexOf(question), judging);
        })) {
            report = run(endpoint.url());
            requests = endpoint.requests();
            // The journal holds all answers: a second run sends no request, with or without an endpoint.
            JsonNode again = run(endpoint.url());
            assertThat(endpoint.requests()).isEqualTo(requests);
            assertThat(again.get("counts")).isEqualTo(report.get("counts"));
        }
        JsonNode replayed = run("http://127.0.0.1:1/v1", "--replay");
        assertThat(replayed.get("counts")).isEqualTo(report.get("counts"));

        int[] correct = new int[5];
        for (int i = 0; i < problems.size(); i++) {
            // The endpoint identifies a problem by its text: the first of several equal ones answers for all.
            int indexByText = indexOf(ScienceQaPrompt.A.question(problems.get(i).withoutImage()));
            String llava = PredictionFile.read(ours).get(problems.get(i).id()).text();
            String textOnlyAnswer = textOnlyAnswer(indexByText, false);
            boolean llavaCorrect = llava.equals(answer(problems.get(i), true));
            boolean textOnlyCorrect = textOnlyAnswer.equals(answer(problems.get(i), true));
            boolean textOnlyParsed = textOnlyAnswer.startsWith("The answer");
            String judgement = textOnlyAnswer(indexByText, true);
            boolean differ = textOnlyParsed ? !textOnlyAnswer.equals(llava) : llava.startsWith("The answer");
            boolean rejected = textOnlyAnswer.equals(ScriptedEndpoint.REJECTED);
            correct[0] += llavaCorrect ? 1 : 0;
            correct[1] += textOnlyCorrect ? 1 : 0;
            correct[2] += textOnlyParsed ? (textOnlyCorrect ? 1 : 0) : llavaCorrect ? 1 : 0;
            String combined = !differ || rejected ? textOnlyAnswer : judgement;
            correct[3] += combined.startsWith("The answer")
                    ? (combined.equals(answer(problems.get(i), true)) ? 1 : 0)
                    : llavaCorrect ? 1 : 0;
            correct[4] += llavaCorrect || textOnlyCorrect ? 1 : 0;
        }
        String[] names = {"ours", "text_only_model", "complement", "judge", "upper_bound"};
        for (int i = 0; i < names.length; i++) {
            assertThat(report.at("/counts/" + names[i] + "/correct").intValue())
                    .as(names[i])
                    .isEqualTo(correct[i]);
        }
        assertThat(temp.resolve("out/report.md"))
                .content()
                .contains("text-only model answered", "- max tokens: ", "- temperature: ", "- top-p: 1.0")
                .doesNotContainPattern("[A-Z]\\w+\\[\\w+=");
    }

    @Test
    void ensembleRejectsOutputFolderBeforeFirstRequest() throws IOException {
        Files.createDirectories(temp.resolve("out"));
        Files.writeString(temp.resolve("out/notes.txt"), "mine");
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> "The answer is A.")) {
            assertThatThrownBy(() -> run(endpoint.url()))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("no previous run wrote");
            assertThat(endpoint.requests()).isZero();
        }
    }

    @Test
    void ensembleDiscardsTruncatedAnswers() throws IOException {
        JsonNode report;
        try (ScriptedEndpoint endpoint =
                new ScriptedEndpoint((system, question, time) -> ScriptedEndpoint.filtered("A"))) {
            report = run(endpoint.url());
        }
        assertThat(report.at("/counts/text_only_model/unparsed").intValue()).isEqualTo(problems.size());
        assertThat(temp.resolve("out/report.md"))
                .content()
                .contains(problems.size() + " answers were truncated by the token limit or a content filter");
    }

    @Test
    void ensembleReadsResultFiles() throws IOException {
        JsonNode fromAnswers;
        JsonNode fromResults;
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(
                (system, question, time) -> textOnlyAnswer(indexOf(question), question.contains("Second solver: ")))) {
            fromAnswers = run(endpoint.url());
            Map<String, String> texts = PredictionFile.readTexts(ours);
            ours = temp.resolve("result.json");
            ScienceQaGrading.of(problems, texts, ScienceQaProblem::skill)
                    .result()
                    .write(ours);
            fromResults = run(endpoint.url());
        }
        assertThat(fromResults.get("counts")).isEqualTo(fromAnswers.get("counts"));
    }

    @Test
    void ensembleRejectsUnknownSplitAndMissingJournal() {
        assertThatThrownBy(() -> run("http://127.0.0.1:1/v1", "--split", "nowhere"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> run("http://127.0.0.1:1/v1", "--replay"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("calls.jsonl");
    }
}
