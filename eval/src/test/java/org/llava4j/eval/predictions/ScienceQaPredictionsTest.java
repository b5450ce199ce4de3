package org.llava4j.eval.predictions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.TestProblems;

class ScienceQaPredictionsTest {
    /** In the form of LLaVA's published result files; the choice of problem 3 is guessed. */
    private static final String LLAVA = """
            {
              "acc": 66.66, "correct": 2, "count": 3,
              "results": {"1": 1, "2": 0, "3": 1},
              "outputs": {
                "1": "Assistant: LECTURE: Poles.\\n The answer is B.",
                "2": "The answer is A.",
                "3": "The answer is unclear."
              }
            }
            """;

    /** In the form of the ScienceQA repository's result files. */
    private static final String SCIENCE_QA = "{\"acc\": 50.0, \"correct\": 1, \"count\": 2, \"shot_qids\": [\"7\"],"
            + " \"args\": {\"model\": \"m\", \"seed\": 3}, \"results\": {\"1\": 1, \"2\": 0},"
            + " \"outputs\": {\"1\": \"The answer is B.\", \"2\": \"The answer is A.\"}}";

    private static final List<ScienceQaProblem> PROBLEMS =
            List.of(TestProblems.magnets("1"), TestProblems.magnets("2"), TestProblems.magnets("3"));

    @TempDir
    private Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("predictions.json"), content);
    }

    @Test
    void resultFileHasChoicesAndTexts() throws IOException {
        ScienceQaPredictions predictions = ScienceQaPredictions.read(file(LLAVA));
        assertThat(predictions.results()).containsExactly(entry("1", 1), entry("2", 0), entry("3", 1));
        assertThat(predictions.texts()).hasSize(3).containsEntry("3", "The answer is unclear.");
        assertThat(ScienceQaGrading.ofResults(PROBLEMS, predictions, ScienceQaProblem::skill)
                        .scores()
                        .overall())
                .isEqualTo(new AnswerCounts(2, 1, 0));
        assertThat(ScienceQaGrading.of(PROBLEMS, predictions.texts(), ScienceQaProblem::skill)
                        .scores()
                        .overall())
                .isEqualTo(new AnswerCounts(1, 1, 1));
    }

    @Test
    void layoutIsRecognizedByContent() throws IOException {
        assertThat(ScienceQaPredictions.read(file(SCIENCE_QA)).results()).containsExactly(entry("1", 1), entry("2", 0));
        String line = "{\"question_id\": \"5\", \"text\": \"B\", \"metadata\": {\"results\": {}}}\n";
        ScienceQaPredictions lines = ScienceQaPredictions.read(file("\ufeff\n" + line));
        assertThat(lines.results()).isEmpty();
        assertThat(lines.texts()).containsExactly(entry("5", "B"));
        Files.move(folder.resolve("predictions.json"), folder.resolve("predictions.jsonl"));
        assertThat(ScienceQaPredictions.read(folder)).isEqualTo(lines);
    }

    @Test
    void choicesWithoutTextsBecomeConclusions() throws IOException {
        assertThat(ScienceQaPredictions.read(file("{\"results\": {\"1\": 1, \"2\": -1}}"))
                        .texts())
                .containsExactly(entry("1", "The answer is B."), entry("2", ""));
    }

    @Test
    void gradingRejectsChoiceOutsideTheProblem() {
        ScienceQaPredictions predictions = new ScienceQaPredictions(Map.of("1", 2), Map.of());
        assertThatThrownBy(() -> ScienceQaGrading.ofResults(PROBLEMS, predictions, ScienceQaProblem::skill))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("choice 2 for problem 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"results\": {}}",
                "{\"results\": []}",
                "{\"results\": {\"1\": \"B\"}}",
                "{\"results\": {\"1\": -2}}",
                "{\"results\": {\"1\": 26}}",
                "{\"results\": {\"1\": 1e3}}",
                "{\"results\": {\"1\": 0, \"1\": 1}}",
                "{\"results\": {\"1\": 0}, \"outputs\": {\"1\": null}}",
                "{\"results\": {\"1\": 0}, \"outputs\": {\"2\": \"A\"}}",
                "{\"results\": {\"1\": 0}, \"outputs\": {\"1\": \"A\", \"2\": \"A\"}}",
                "{\"results\": {\"1\": 0",
                "{\"acc\": 1}",
            })
    void malformedFilesAreRejected(String content) throws IOException {
        Path file = file(content);
        assertThatThrownBy(() -> ScienceQaPredictions.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .message()
                .doesNotContain("\n");
    }

    /** A damaged file is either read or rejected in one line. */
    @Test
    void damagedFilesNeverEndInAnotherException() throws IOException {
        for (String valid : List.of(LLAVA, SCIENCE_QA)) {
            byte[] bytes = valid.getBytes(StandardCharsets.UTF_8);
            Random random = new Random(31);
            int rejected = 0;
            for (int round = 0; round < 400; round++) {
                byte[] damaged =
                        random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes.clone();
                for (int i = random.nextInt(3); i >= 0 && damaged.length > 0; i--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                Path file = Files.write(folder.resolve("damaged.json"), damaged);
                try {
                    ScienceQaPredictions read = ScienceQaPredictions.read(file);
                    ScienceQaGrading.of(PROBLEMS, read.texts(), ScienceQaProblem::skill);
                    if (!read.results().isEmpty()) {
                        ScienceQaGrading.ofResults(PROBLEMS, read, ScienceQaProblem::skill);
                    }
                } catch (BadInputException e) {
                    assertThat(e.getMessage())
                            .as("round %d", round)
                            .isNotBlank()
                            .doesNotContain("\n");
                    rejected++;
                }
            }
            assertThat(rejected).isBetween(20, 399);
        }
    }

    @Test
    void deeplyNestedFileIsRejected() throws IOException {
        Path file = file("{\"results\": " + "[".repeat(100_000));
        assertThatThrownBy(() -> ScienceQaPredictions.read(file)).isInstanceOf(BadInputException.class);
    }
}
