package org.llava4j.eval.predictions;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.scienceqa.AnswerParser;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;

/**
 * What the answers to a list of problems are worth.
 *
 * @param parsedAnswers what was read out of each answer, by problem
 */
public record ScienceQaGrading(
        ScienceQaScores scores, ScienceQaResult result, Map<String, ParsedAnswer> parsedAnswers) {
    private static final String NO_TEXT = "FAILED";

    /** Whether the extracted choice is the problem's correct one. */
    public boolean isCorrect(ScienceQaProblem problem) {
        return new Predicted(problem.answer()).equals(parsedAnswers.get(problem.id()));
    }

    /**
     * Grades every problem; one without an answer counts as failed.
     *
     * @param texts what the model said, by problem
     * @param groupOf what to group by beside the nine columns
     * @throws BadInputException if there are answers to problems that are not in the list
     */
    public static ScienceQaGrading of(
            List<ScienceQaProblem> problems, Map<String, String> texts, Function<ScienceQaProblem, String> groupOf) {
        ScienceQaScores scores = new ScienceQaScores(groupOf);
        Map<String, ParsedAnswer> extractions = new LinkedHashMap<>();
        Map<String, Integer> chosen = new LinkedHashMap<>();
        Map<String, String> outputs = new LinkedHashMap<>();
        for (ScienceQaProblem problem : problems) {
            String text = texts.get(problem.id());
            ParsedAnswer extraction = text == null
                    ? new Unparsed(Reason.NO_TEXT)
                    : AnswerParser.parse(text, problem.choices().size());
            scores.add(problem, extraction);
            extractions.put(problem.id(), extraction);
            chosen.put(
                    problem.id(),
                    extraction instanceof Predicted answered ? answered.choice() : ScienceQaResult.UNPARSED);
            outputs.put(problem.id(), text == null ? NO_TEXT : text);
        }
        for (String id : texts.keySet()) {
            if (!extractions.containsKey(id)) {
                throw new BadInputException("there is an answer to problem " + id
                        + ", which is not among the problems graded; are they of the same split?");
            }
        }
        return new ScienceQaGrading(
                scores, new ScienceQaResult(scores.overall().correct(), chosen, outputs), extractions);
    }
}
