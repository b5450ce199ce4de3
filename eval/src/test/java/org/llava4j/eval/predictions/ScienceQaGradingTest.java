package org.llava4j.eval.predictions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.TestProblems;

class ScienceQaGradingTest {
    private static final List<ScienceQaProblem> PROBLEMS = List.of(
            TestProblems.magnets("1"), TestProblems.magnets("2"), TestProblems.magnets("3"), TestProblems.magnets("4"));

    private static final Map<String, String> TEXTS =
            Map.of("1", "So.\nThe answer is B.", "2", "The answer is A.", "3", "The answer is C.");

    @TempDir
    Path folder;

    @Test
    void missingAnswerIsGradedAsUnparsed() {
        ScienceQaGrading grading = ScienceQaGrading.of(PROBLEMS, TEXTS, ScienceQaProblem::skill);
        assertThat(grading.scores().overall()).isEqualTo(new AnswerCounts(1, 1, 2));
        assertThat(grading.scores().groups()).containsExactly(entry("physics", new AnswerCounts(1, 1, 2)));
        assertThat(grading.parsedAnswers())
                .containsExactly(
                        entry("1", new Predicted(1)),
                        entry("2", new Predicted(0)),
                        entry("3", new Unparsed(Reason.OUTSIDE_CHOICES)),
                        entry("4", new Unparsed(Reason.NO_TEXT)));
    }

    @Test
    void writeKeepsLlavaResultFormat() throws IOException {
        Path file = folder.resolve("result.json");
        ScienceQaGrading.of(PROBLEMS, TEXTS, ScienceQaProblem::skill).result().write(file);
        assertThat(Files.readString(file).replaceAll("\\s*\n\\s*", ""))
                .isEqualTo("{\"acc\" : 25.0,\"correct\" : 1,\"count\" : 4,"
                        + "\"results\" : {\"1\" : 1,\"2\" : 0,\"3\" : -1,\"4\" : -1},"
                        + "\"outputs\" : {\"1\" : \"So.\\nThe answer is B.\",\"2\" : \"The answer is A.\","
                        + "\"3\" : \"The answer is C.\",\"4\" : \"FAILED\"}}");
    }

    @Test
    void readReturnsWrittenResult() {
        Path file = folder.resolve("result.json");
        ScienceQaResult result =
                ScienceQaGrading.of(PROBLEMS, TEXTS, ScienceQaProblem::skill).result();
        result.write(file);
        assertThat(ScienceQaPredictions.read(file))
                .isEqualTo(new ScienceQaPredictions(result.results(), result.outputs()));
        assertThat(result.accuracyPercent()).isEqualTo(25.0);
    }

    @Test
    void gradingRejectsAnswersToUnknownProblems() {
        assertThatThrownBy(() -> ScienceQaGrading.of(PROBLEMS, Map.of("77", "A"), ScienceQaProblem::skill))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("77");
    }
}
