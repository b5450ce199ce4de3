package org.llava4j.eval.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.predictions.Prediction;
import org.llava4j.eval.predictions.PredictionFile;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.predictions.ScienceQaPredictions;

class CompareMainTest {
    @TempDir
    private Path temp;

    /** Expected p-values by hand: 2 * (1 + 10) / 1024, 2 * (1 + 3) / 8, and 1 without discordant problems. */
    @Test
    void pValueMatchesExactBinomialTest() {
        assertThat(new McNemar(5, 1, 9, 0).pValue()).isCloseTo(22.0 / 1024, within(1e-12));
        assertThat(new McNemar(5, 9, 1, 0).pValue()).isCloseTo(22.0 / 1024, within(1e-12));
        assertThat(new McNemar(0, 1, 2, 0).pValue()).isEqualTo(1);
        assertThat(new McNemar(7, 0, 0, 3).pValue()).isEqualTo(1);
        assertThat(new McNemar(0, 4000, 4000, 0).pValue()).isEqualTo(1);
        assertThat(new McNemar(0, 100, 2000, 0).pValue()).isBetween(0.0, 1e-300);
        assertThat(new McNemar(5, 1, 9, 5).difference()).isCloseTo(0.4, within(1e-12));
        // Wald interval: 1.96 * sqrt(10 - 64 / 20) / 20.
        assertThat(new McNemar(5, 1, 9, 5).halfWidth()).isCloseTo(1.959964 * Math.sqrt(6.8) / 20, within(1e-6));
    }

    private Path dataset() {
        Path dataset = temp.resolve("dataset");
        if (!dataset.toFile().exists()) {
            SyntheticDatasetWriter.write(new SyntheticDatasetConfig(5, 0, 0, 4, 0, false), dataset);
        }
        return dataset;
    }

    /** Writes predictions in which every n-th answer is incorrect. */
    private Path writePredictions(String name, int incorrectEvery) {
        List<Prediction> predictions = new ArrayList<>();
        for (ScienceQaProblem problem : ScienceQaRecordReader.problems(dataset(), "test")) {
            boolean incorrect = predictions.size() % incorrectEvery == 0;
            int choice = incorrect ? (problem.answer() + 1) % problem.choices().size() : problem.answer();
            predictions.add(
                    Prediction.of(problem.id(), "?", "The answer is " + ScienceQaPrompt.letter(choice) + ".", name));
        }
        Path file = temp.resolve(name + ".jsonl");
        PredictionFile.write(file, predictions);
        return file;
    }

    private void compare(Path first, Path second) {
        CompareMain.main(new String[] {
            "--first", first.toString(),
            "--second", second.toString(),
            "--data-path", dataset().toString(),
            "--output-dir", temp.resolve("out").toString()
        });
    }

    @Test
    void compareCountsDiscordantProblems() throws IOException {
        compare(writePredictions("half", 2), writePredictions("third", 3));
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        int n = ScienceQaRecordReader.problems(dataset(), "test").size();
        JsonNode cells = report.at("/tables/0/rows");
        int onlyFirst = cells.at("/0/2").asInt();
        int onlySecond = cells.at("/1/1").asInt();
        // Only the first is incorrect at even indices not divisible by 3; only the second at odd multiples of 3.
        int expectedSecond = 0;
        int expectedFirst = 0;
        for (int i = 0; i < n; i++) {
            expectedSecond += i % 2 == 0 && i % 3 != 0 ? 1 : 0;
            expectedFirst += i % 2 != 0 && i % 3 == 0 ? 1 : 0;
        }
        assertThat(onlySecond).isEqualTo(expectedSecond);
        assertThat(onlyFirst).isEqualTo(expectedFirst);
        assertThat(temp.resolve("out/report.html")).content().contains("McNemar", "Accuracy by category");
    }

    @Test
    void compareRejectsDifferentProblemsAndMissingFiles() {
        Path whole = writePredictions("whole", 2);
        List<Prediction> fewer = new ArrayList<>(PredictionFile.read(whole).values());
        String missing = fewer.remove(3).questionId().text();
        Path part = temp.resolve("part.jsonl");
        PredictionFile.write(part, fewer);
        assertThatThrownBy(() -> compare(whole, part))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("1 problems, such as " + missing);
        assertThatThrownBy(() -> compare(whole, temp.resolve("nowhere")))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void compareReadsResultFiles() throws IOException {
        Path answers = writePredictions("answers", 2);
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(dataset(), "test");
        Map<String, String> texts = ScienceQaPredictions.read(answers).texts();
        Path results = temp.resolve("results.json");
        ScienceQaGrading.of(problems, texts, ScienceQaProblem::skill).result().write(results);
        compare(answers, results);
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        assertThat(report.at("/counts/second")).isEqualTo(report.at("/counts/first"));
        assertThat(report.at("/counts/second/incorrect").asInt()).isEqualTo((problems.size() + 1) / 2);
    }

    private Path writeEvaluation(String name, String report) throws IOException {
        Path predictions = writePredictions(name, 2);
        Path folder = Files.createDirectories(temp.resolve(name));
        Files.move(predictions, folder.resolve("predictions.jsonl"));
        Files.writeString(folder.resolve("report.json"), report);
        return folder;
    }

    @Test
    void compareReadsFormerKeyOfRunConfiguration() throws IOException {
        compare(
                writeEvaluation("former", "{\"specification\":{\"dtype\":\"fp32\"}}"),
                writeEvaluation("current", "{\"run_configuration\":{\"dtype\":\"int8\"}}"));
        JsonNode report =
                new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
        assertThat(report.at("/tables/2/rows/0").toString()).isEqualTo("[\"dtype\",\"fp32\",\"int8\"]");
    }
}
