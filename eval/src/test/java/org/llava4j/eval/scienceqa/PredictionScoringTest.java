package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;

/** Scoring of prediction files by {@code scienceqa --predictions}, without a model and without images. */
class PredictionScoringTest {
    @TempDir
    private Path temp;

    @BeforeEach
    void writeData() throws IOException {
        Path data = Files.createDirectories(temp.resolve("data"));
        String problem =
                "\"%s\":{\"question\":\"Which?\",\"choices\":[\"attract\",\"repel\"],\"answer\":1,\"hint\":\"%s\","
                        + "\"image\":%s,\"grade\":\"%s\",\"subject\":\"%s\",\"lecture\":\"\",\"solution\":\"\","
                        + "\"split\":\"test\"}";
        Files.writeString(
                data.resolve("problems.json"),
                "{"
                        + String.join(
                                ",",
                                problem.formatted("1", "Look.", "\"image.png\"", "grade2", "natural science"),
                                problem.formatted("2", "", "null", "grade9", "social science"),
                                problem.formatted("3", "Look.", "null", "grade9", "language science"),
                                problem.formatted("4", "", "null", "grade3", "natural science"))
                        + "}");
        Files.writeString(data.resolve("pid_splits.json"), "{\"test\":[\"1\",\"2\",\"3\",\"4\"]}");
    }

    private JsonNode score(String content, String... more) throws IOException {
        Path file = Files.writeString(temp.resolve("predictions.json"), content);
        List<String> args = new ArrayList<>(List.of(
                "--predictions", file.toString(),
                "--data-path", temp.resolve("data").toString(),
                "--output-dir", temp.resolve("out").toString()));
        args.addAll(List.of(more));
        ScienceQaMain.main(args.toArray(String[]::new));
        return new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
    }

    private static JsonNode table(JsonNode report, String heading) {
        for (JsonNode table : report.get("tables")) {
            if (table.get("heading").textValue().equals(heading)) {
                return table;
            }
        }
        throw new AssertionError("no table " + heading + " in " + report.get("tables"));
    }

    @Test
    void resultFileIsScoredByChoicesAndByTexts() throws IOException {
        JsonNode report = score("""
                {"acc": 75, "correct": 3, "count": 4, "results": {"1": 1, "2": 0, "3": 1, "4": 1},
                 "outputs": {"1": "The answer is B.", "2": "The answer is A.", "3": "Reasons without end", "4": "B"}}
                """);
        assertThat(report.get("accuracy").doubleValue()).isEqualTo(0.75);
        assertThat(report.get("accuracy_of_outputs").doubleValue()).isEqualTo(0.5);
        assertThat(report.at("/columns/NAT").doubleValue()).isEqualTo(1);
        assertThat(report.at("/columns/SOC").doubleValue()).isZero();
        assertThat(report.at("/counts/accuracy/unparsed").intValue()).isZero();
        assertThat(report.at("/counts/accuracy_of_outputs/unparsed").intValue()).isEqualTo(1);
        JsonNode rows = table(report, "Results and outputs").get("rows");
        assertThat(rows.get(0).toString())
                .contains(
                        "\"100.00\",\"0.00\",\"100.00\",\"100.00\",\"100.00\",\"50.00\",\"100.00\",\"50.00\",\"75.00\",\"3\",\"0\"");
        assertThat(rows.get(1).toString()).contains("\"50.00\",\"2\",\"1\"");
        assertThat(temp.resolve("out/report.md")).content().contains("differ in 1 problems, such as 3");
    }

    @Test
    void lenientRuleIsCountedBesideTheScore() throws IOException {
        JsonNode report = score("""
                {"question_id": "1", "text": "The answer is B."}
                {"question_id": "2", "text": "**B**"}
                {"question_id": "3", "text": "(A)"}
                {"question_id": "4", "text": "I cannot tell."}
                """);
        assertThat(report.get("accuracy").doubleValue()).isEqualTo(0.25);
        assertThat(report.at("/counts/accuracy/unparsed").intValue()).isEqualTo(3);
        JsonNode rows = table(report, "Answers by a lenient rule").get("rows");
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).toString()).endsWith("\"25.00\",\"1\",\"0\",\"3\"]");
        assertThat(rows.get(1).toString()).endsWith("\"50.00\",\"2\",\"1\",\"1\"]");
        assertThat(rows.get(2).toString()).contains("(B), **B** or b.").endsWith("\"50.00\",\"1\",\"1\",\"0\"]");
    }

    @Test
    void choicesAloneAreScored() throws IOException {
        JsonNode report = score("{\"results\": {\"1\": 1, \"2\": 0, \"3\": -1}}");
        assertThat(report.at("/counts/accuracy").toString()).contains("\"correct\":1,\"incorrect\":1,\"unparsed\":2");
        assertThat(report.get("notes").toString()).contains("1 of 4 problems have no prediction");
    }

    @Test
    void scoringRejectsFlagsOfAModelAndForeignProblems() {
        assertThatThrownBy(() -> score("{\"results\": {\"1\": 1}}", "--shots", "1"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--shots has no effect with --predictions");
        assertThatThrownBy(() -> score("{\"results\": {\"9\": 1}}"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("problem 9");
        assertThatThrownBy(() -> score("{\"results\": {\"1\": 2}}"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("choice 2 for problem 1");
        assertThat(temp.resolve("out")).doesNotExist();
    }
}
