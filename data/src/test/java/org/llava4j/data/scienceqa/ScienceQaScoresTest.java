package org.llava4j.data.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

class ScienceQaScoresTest {
    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            natural science,  grade1,  hint, image.png, NAT TXT IMG G1-6 Avg
            social science,   grade6,  '',   image.png, SOC IMG G1-6 Avg
            language science, grade7,  hint, '',        LAN TXT G7-12 Avg
            natural science,  grade12, '',   '',        NAT NO G7-12 Avg
            another subject,  college, '',   '',        NO Avg
            """)
    void includesFollowsSubjectGradeAndContext(
            String subject, String grade, String hint, String image, String columns) {
        ScienceQaProblem problem = ScienceQaProblems.with(subject, grade, hint, image);
        List<String> counting = Arrays.stream(ScienceQaColumn.values())
                .filter(column -> column.includes(problem))
                .map(ScienceQaColumn::label)
                .toList();
        assertThat(String.join(" ", counting)).isEqualTo(columns);
    }

    @Test
    void addCountsCorrectIncorrectAndUnparsed() {
        ScienceQaScores scores = new ScienceQaScores(ScienceQaProblem::grade);
        ScienceQaProblem fifth = ScienceQaProblems.magnets();
        ScienceQaProblem ninth = ScienceQaProblems.with("social science", "grade9", "", "");
        scores.add(fifth, new Predicted(1));
        scores.add(fifth, new Predicted(0));
        scores.add(ninth, new Unparsed(Reason.NO_ANSWER));
        scores.add(ninth, new Predicted(1));
        assertThat(scores.overall()).isEqualTo(new AnswerCounts(2, 1, 1));
        assertThat(scores.columns())
                .hasSize(9)
                .containsEntry(ScienceQaColumn.NAT, new AnswerCounts(1, 1, 0))
                .containsEntry(ScienceQaColumn.SOC, new AnswerCounts(1, 0, 1))
                .containsEntry(ScienceQaColumn.LAN, AnswerCounts.NONE)
                .containsEntry(ScienceQaColumn.NO, new AnswerCounts(1, 0, 1))
                .containsEntry(ScienceQaColumn.G7_12, new AnswerCounts(1, 0, 1));
        assertThat(scores.groups())
                .containsEntry("grade5", new AnswerCounts(1, 1, 0))
                .containsEntry("grade9", new AnswerCounts(1, 0, 1));
        assertThat(scores.overall().accuracy()).isEqualTo(0.5);
    }

    @Test
    void wilsonMatchesReferenceValues() {
        assertThat(new AnswerCounts(9, 1, 0).wilson().low()).isCloseTo(0.59585, within(1e-5));
        assertThat(new AnswerCounts(9, 1, 0).wilson().high()).isCloseTo(0.98212, within(1e-5));
        assertThat(new AnswerCounts(0, 10, 0).wilson().low()).isZero();
        assertThat(new AnswerCounts(0, 5, 5).wilson().high()).isCloseTo(0.27753, within(1e-5));
        assertThat(new AnswerCounts(3855, 386, 0).wilson().low()).isCloseTo(0.90000, within(1e-4));
        assertThat(AnswerCounts.NONE.wilson()).isEqualTo(new AnswerCounts.ConfidenceInterval(0, 1));
        assertThat(AnswerCounts.NONE.accuracy()).isNaN();
    }

    @Test
    void paperAverageIsConsistentWithSubjects() {
        PaperTable7.Row llava = PaperTable7.ROWS.get(7);
        assertThat(llava.method()).isEqualTo("LLaVA 13B");
        assertThat(PaperTable7.ROWS).hasSize(10);
        for (PaperTable7.Row row : PaperTable7.ROWS.subList(1, 10)) {
            assertThat(row.percent()).as(row.method()).hasSize(ScienceQaColumn.values().length);
            double bySubject = (2252 * percent(row, ScienceQaColumn.NAT)
                            + 889 * percent(row, ScienceQaColumn.SOC)
                            + 1100 * percent(row, ScienceQaColumn.LAN))
                    / 4241;
            double byGrade =
                    (2724 * percent(row, ScienceQaColumn.G1_6) + 1517 * percent(row, ScienceQaColumn.G7_12)) / 4241;
            assertThat(bySubject).as(row.method()).isCloseTo(percent(row, ScienceQaColumn.AVG), within(0.02));
            assertThat(byGrade).as(row.method()).isCloseTo(percent(row, ScienceQaColumn.AVG), within(0.02));
        }
    }

    private static double percent(PaperTable7.Row row, ScienceQaColumn column) {
        return row.percent().get(column.ordinal());
    }
}
