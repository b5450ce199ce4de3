package org.llava4j.eval.llavabench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.eval.AfterBatch;
import org.llava4j.eval.ScriptedEndpoint;
import org.llava4j.eval.predictions.PredictionFile;

/** LLaVA-Bench from question file to scores, with a scripted judge. */
class LlavaBenchCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));
    private static final int QUESTIONS = 9;

    @TempDir
    private Path temp;

    @BeforeEach
    void writeInputs() throws IOException {
        Path images = Files.createDirectories(temp.resolve("images"));
        StringBuilder questions = new StringBuilder();
        StringBuilder contexts = new StringBuilder();
        StringBuilder references = new StringBuilder();
        String[] categories = {"conv", "detail", "complex"};
        for (int i = 0; i < QUESTIONS; i++) {
            String image = i + ".png";
            Files.copy(ROOT.resolve("resources/readme/map.png"), images.resolve(image));
            questions.append("{\"question_id\":%d,\"image\":\"%s\",\"text\":\"Question %d?\",\"category\":\"%s\"}\n"
                    .formatted(i, image, i, categories[i % 3]));
            contexts.append("{\"image\":\"%s\",\"caption\":\"a map %d\"}\n".formatted(image, i));
            references.append("{\"question_id\":%d,\"text\":\"Reference %d.\"}\n".formatted(i, i));
        }
        Files.writeString(temp.resolve("questions.jsonl"), questions);
        Files.writeString(temp.resolve("context.jsonl"), contexts);
        Files.writeString(temp.resolve("reference.jsonl"), references);
    }

    private void answer() {
        answer(RecordExecutor.LOCAL);
    }

    private void answer(RecordExecutor executor) {
        new LlavaBenchMain(executor).execute(new String[] {
            "--model-path", ROOT.resolve("resources/tiny/llava").toString(),
            "--questions", temp.resolve("questions.jsonl").toString(),
            "--image-folder", temp.resolve("images").toString(),
            "--max-new-tokens", "12",
            "--batch-size", "4",
            "--output-dir", temp.resolve("answers").toString()
        });
    }

    private JsonNode judge(String url, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of(
                "--questions", temp.resolve("questions.jsonl").toString(),
                "--context", temp.resolve("context.jsonl").toString(),
                "--reference", temp.resolve("reference.jsonl").toString(),
                "--answers", temp.resolve("answers/answers.jsonl").toString(),
                "--output-dir", temp.resolve("judged").toString(),
                "--base-url", url,
                "--model", "stub",
                "--concurrency", "1"));
        args.addAll(List.of(more));
        JudgeMain.main(args.toArray(new String[0]));
        return new ObjectMapper().readTree(temp.resolve("judged/report.json").toFile());
    }

    private static void replace(Path image, String name) {
        try {
            Files.copy(ROOT.resolve("resources/readme").resolve(name), image, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void replacedImageIsRefusedDuringRunAndOnResume() {
        Path image = temp.resolve("images/8.png");
        assertThatThrownBy(() -> answer(new AfterBatch(1, () -> replace(image, "page.png"))))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(image + " has changed since the command started");
        assertThat(temp.resolve("answers/answers.jsonl")).doesNotExist();
        assertThatThrownBy(this::answer)
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("answers.partial.jsonl")
                .hasMessageContaining("\"images sha256\" was ");
        replace(image, "map.png");
        Path first = temp.resolve("images/0.png");
        assertThatThrownBy(() -> answer(new AfterBatch(1, () -> replace(first, "page.png"))))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining(first + " has changed since the command started");
        assertThat(temp.resolve("answers/answers.jsonl")).doesNotExist();
    }

    /** Index of the question under review, taken from its context. */
    private static int questionIndex(String text) {
        return Integer.parseInt(text.replaceAll("(?s).*a map (\\d+)\n.*", "$1"));
    }

    @Test
    void judgeMatchesScoresByHandAndExcludesUnparsedReviews() throws IOException {
        answer();
        assertThat(PredictionFile.read(temp.resolve("answers/answers.jsonl"))).hasSize(QUESTIONS);
        JsonNode report;
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> {
            assertThat(system).contains("from 1 (useless or wrong) to 10");
            int i = questionIndex(question);
            boolean swapped = question.indexOf("Reference") > question.indexOf("Assistant 2:");
            return switch (i) {
                case 0 -> "8";
                case 1 -> "I would say 8 and 7.";
                case 2 -> "8 11\nout of range";
                case 8 -> ScriptedEndpoint.REJECTED;
                default -> (swapped ? (i + " 8") : ("8 " + i)) + "\nbecause";
            };
        })) {
            report = judge(endpoint.url(), "--swap", "--repeats", "2");
        }
        // conv has 3 and 6: 100 * (3 + 6) / 16; detail 4 and 7; complex 5; all 100 * 25 / 40.
        JsonNode rows = report.at("/tables/0/rows");
        List<String> lines = new ArrayList<>();
        rows.forEach(row -> lines.add(row.get(0).textValue() + " " + row.get(1).textValue() + " "
                + row.get(2).textValue() + " " + row.get(5).textValue()));
        assertThat(lines)
                .containsExactly(
                        "conv 56.3 0.0 8 of 12",
                        "detail 68.8 0.0 8 of 12",
                        "complex 62.5 0.0 4 of 12",
                        "all 62.5 0.0 20 of 36");
        assertThat(judge("http://127.0.0.1:1/v1", "--swap", "--repeats", "2", "--replay")
                        .get("tables"))
                .isEqualTo(report.get("tables"));
        assertThat(temp.resolve("judged/report.html"))
                .content()
                .contains("LLaVA-Bench (In-the-Wild)", "parsed reviews", "<dt>max tokens</dt>", "<dt>temperature</dt>")
                .doesNotContainPattern("[A-Z]\\w+\\[\\w+=");
    }

    @Test
    void judgeFailsWithoutParsedReviews() throws IOException {
        answer();
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint((system, question, time) -> "I would rather not say.")) {
            assertThatThrownBy(() -> judge(endpoint.url()))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("none of the " + QUESTIONS + " reviews could be parsed");
        }
        assertThat(temp.resolve("judged/reviews.jsonl")).content().contains("rather not say");
        Files.writeString(temp.resolve("questions.jsonl"), "[]");
        assertThatThrownBy(() -> judge("http://127.0.0.1:1/v1"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("questions.jsonl has no questions");
        assertThatThrownBy(this::answer).hasMessageContaining("questions.jsonl has no questions");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8 7|true",
                "8, 7|true",
                "8,7|true",
                "8\t7|true",
                "8 ,\t7|true",
                "8\u00a07|true",
                "8/10|false",
                "8;7|false",
                "nan 7|false",
                "8.5 7|true",
                "10 1|true",
                "8|false",
                "8 7 6|false",
                "eight seven|false",
                "0 5|false",
                "11 5|false",
                "-8 7|false",
                "8 7 points|false",
                "Scores: 8 7|false"
            })
    void parseAcceptsOnlyTwoNumbersOnFirstLine(String line, boolean isParsed) {
        ParsedReview parsed = ParsedReview.of(new LlmAnswer("\n" + line + "\nbecause", "stop", "m", 1, 1));
        assertThat(parsed.scores() != null).isEqualTo(isParsed);
        assertThat(parsed.problem().isEmpty()).isEqualTo(isParsed);
    }

    @Test
    void parseRejectsReviewTruncatedInFirstLine() {
        assertThat(ParsedReview.of(new LlmAnswer("10 1", "length", "m", 1, 1)).problem())
                .contains("truncated in its first line");
        assertThat(ParsedReview.of(new LlmAnswer("10 10\nbeca", "length", "m", 1, 1))
                        .scores())
                .isEqualTo(new ReviewScores(10, 10));
        assertThat(ParsedReview.of(new LlmAnswer("", "content_filter", "m", 1, 1))
                        .problem())
                .contains("content_filter");
        assertThat(ParsedReview.of(new LlmAnswer(" \n", "stop", "m", 1, 1)).problem())
                .contains("empty");
    }

    /** Scores every reference answer 8 and every candidate answer 4. */
    private static String scoreCandidateHalf(String system, String question, int time) {
        boolean swapped = question.indexOf("Reference") > question.indexOf("Assistant 2:");
        return swapped ? "4\t8" : "8\t4";
    }

    private void writeAnswers() throws IOException {
        Files.createDirectories(temp.resolve("answers"));
        Files.writeString(
                temp.resolve("answers/answers.jsonl"),
                Files.readString(temp.resolve("reference.jsonl")).replace("Reference", "Candidate"));
    }

    @Test
    void judgeSharesOneBudgetAcrossRepeats() throws IOException {
        writeAnswers();
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(LlavaBenchCommandsTest::scoreCandidateHalf)) {
            String[] flags = {"--repeats", "3", "--swap", "--max-requests", "40"};
            assertThatThrownBy(() -> judge(endpoint.url(), flags))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("all 40 requests of the budget are used");
            assertThat(endpoint.requests()).isEqualTo(40);
            assertThatThrownBy(() -> judge(endpoint.url(), flags)).isInstanceOf(CommandFailedException.class);
            assertThat(endpoint.requests()).as("earlier runs count").isEqualTo(40);
            assertThat(temp.resolve("judged")).doesNotExist();
            judge(endpoint.url(), "--repeats", "3", "--swap");
            assertThat(endpoint.requests()).isEqualTo(2 * 3 * QUESTIONS);
        }
    }

    @Test
    void judgeRejectsOutputFolderBeforeFirstRequest() throws IOException {
        writeAnswers();
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(LlavaBenchCommandsTest::scoreCandidateHalf)) {
            Path judged = Files.writeString(temp.resolve("judged"), "a file");
            assertThatThrownBy(() -> judge(endpoint.url()))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("is a file");
            Files.delete(judged);
            Files.createDirectories(judged);
            Files.writeString(judged.resolve("report.html"), "foreign file");
            assertThatThrownBy(() -> judge(endpoint.url()))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("no previous run wrote");
            assertThat(endpoint.requests()).isZero();
            assertThat(judged.resolve("report.html")).hasContent("foreign file");
        }
    }

    @Test
    void judgeListsUnparsedReviews() throws IOException {
        writeAnswers();
        JsonNode report;
        try (ScriptedEndpoint endpoint =
                new ScriptedEndpoint((system, question, time) -> switch (questionIndex(question)) {
                    case 4 -> "Both are good.";
                    case 5 -> ScriptedEndpoint.filtered("8");
                    case 6 -> ScriptedEndpoint.REJECTED;
                    default -> scoreCandidateHalf(system, question, time);
                })) {
            report = judge(endpoint.url());
        }
        assertThat(report.at("/tables/0/rows/3/1").textValue()).isEqualTo("50.0");
        JsonNode rows = report.at("/tables/1/rows");
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).toString())
                .contains("\"4\"", "reference first", "the first line is not two numbers: \\\"Both are good.\\\"");
        assertThat(rows.get(1).toString()).contains("\"5\"", "content_filter");
        assertThat(rows.get(2).toString()).contains("\"6\"", "status 400");
        List<String> reviews = Files.readAllLines(temp.resolve("judged/reviews.jsonl"));
        assertThat(reviews).hasSize(QUESTIONS);
        assertThat(reviews.get(0)).startsWith("{\"question_id\":0,").contains("\"tuple\":[8.0,4.0]");
        assertThat(reviews.get(4)).contains("\"problem\":").doesNotContain("tuple");
    }

    @Test
    void answersKeepJsonTypeOfIds() throws IOException {
        Path questions = temp.resolve("questions.jsonl");
        List<String> lines = Files.readAllLines(questions);
        Files.writeString(
                questions, lines.get(0) + "\n" + lines.get(1).replace("\"question_id\":1", "\"question_id\":\"b\""));
        answer();
        assertThat(Files.readAllLines(temp.resolve("answers/answers.jsonl")))
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("{\"question_id\":0,"),
                        second -> assertThat(second).startsWith("{\"question_id\":\"b\","));
    }

    @Test
    void duplicateQuestionIdsAreRejected() throws IOException {
        Path questions = temp.resolve("questions.jsonl");
        Files.writeString(questions, Files.readString(questions).replace("\"question_id\":5", "\"question_id\":4"));
        assertThatThrownBy(this::answer)
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("question 4 is duplicate, first in " + questions);
        assertThat(temp.resolve("answers")).doesNotExist();
        writeAnswers();
        assertThatThrownBy(() -> judge("http://127.0.0.1:1/v1"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("question 4 is duplicate");
    }

    @Test
    void judgeRejectsMissingContext() throws IOException {
        answer();
        Files.writeString(temp.resolve("context.jsonl"), "{\"image\":\"other.png\",\"caption\":\"x\"}\n");
        assertThatThrownBy(() -> judge("http://127.0.0.1:1/v1"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("has no context for the image 0.png");
    }
}
