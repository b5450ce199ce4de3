package org.llava4j.eval.predictions;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
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
 * Graded answers to a list of problems.
 *
 * @param parsedAnswers answer parsed from each text, by problem id
 */
public record ScienceQaGrading(
        ScienceQaScores scores, ScienceQaResult result, Map<String, ParsedAnswer> parsedAnswers) {
    private static final String NO_TEXT = "FAILED";

    /** The answer parsed from the text of a graded problem. */
    public ParsedAnswer parsedAnswer(ScienceQaProblem problem) {
        return Objects.requireNonNull(parsedAnswers.get(problem.id()), problem.id());
    }

    /** The generated text of a graded problem. */
    public String text(ScienceQaProblem problem) {
        return Objects.requireNonNull(result.outputs().get(problem.id()), problem.id());
    }

    /** Whether the predicted choice is the correct one. */
    public boolean isCorrect(ScienceQaProblem problem) {
        return new Predicted(problem.answer()).equals(parsedAnswers.get(problem.id()));
    }

    /**
     * Grades every problem; a problem without an answer is unparsed.
     *
     * @param texts generated texts by problem id
     * @param groupOf grouping in addition to the nine columns
     * @throws BadInputException if there are answers to problems outside the list
     */
    public static ScienceQaGrading of(
            List<ScienceQaProblem> problems, Map<String, String> texts, Function<ScienceQaProblem, String> groupOf) {
        return of(
                problems,
                texts,
                groupOf,
                (problem, text) -> AnswerParser.parse(text, problem.choices().size()));
    }

    /**
     * Grades the {@code results} of predictions: choices that another program parsed.
     *
     * @param predictions predictions with results
     * @throws BadInputException if a choice is outside its problem's choices, or there are answers to problems outside
     *     the list
     */
    public static ScienceQaGrading ofResults(
            List<ScienceQaProblem> problems,
            ScienceQaPredictions predictions,
            Function<ScienceQaProblem, String> groupOf) {
        return of(
                problems,
                predictions.texts(),
                groupOf,
                (problem, text) -> given(
                        problem, Objects.requireNonNull(predictions.results().get(problem.id()))));
    }

    private static ParsedAnswer given(ScienceQaProblem problem, int choice) {
        if (choice == ScienceQaResult.UNPARSED) {
            return new Unparsed(Reason.NO_ANSWER);
        }
        if (choice >= problem.choices().size()) {
            throw new BadInputException("\"results\" has choice " + choice + " for problem " + problem.id()
                    + ", which has " + problem.choices().size() + " choices; check that the file belongs to the data");
        }
        return new Predicted(choice);
    }

    private static ScienceQaGrading of(
            List<ScienceQaProblem> problems,
            Map<String, String> texts,
            Function<ScienceQaProblem, String> groupOf,
            BiFunction<ScienceQaProblem, String, ParsedAnswer> parser) {
        ScienceQaScores scores = new ScienceQaScores(groupOf);
        Map<String, ParsedAnswer> parsedAnswers = new LinkedHashMap<>();
        Map<String, Integer> predicted = new LinkedHashMap<>();
        Map<String, String> outputs = new LinkedHashMap<>();
        for (ScienceQaProblem problem : problems) {
            String text = texts.get(problem.id());
            ParsedAnswer parsedAnswer = text == null ? new Unparsed(Reason.NO_TEXT) : parser.apply(problem, text);
            scores.add(problem, parsedAnswer);
            parsedAnswers.put(problem.id(), parsedAnswer);
            predicted.put(
                    problem.id(),
                    parsedAnswer instanceof Predicted answered ? answered.choice() : ScienceQaResult.UNPARSED);
            outputs.put(problem.id(), text == null ? NO_TEXT : text);
        }
        for (String id : texts.keySet()) {
            if (!parsedAnswers.containsKey(id)) {
                throw new BadInputException(
                        "there is an answer to problem " + id + ", which is not in the graded split; check the split");
            }
        }
        return new ScienceQaGrading(
                scores, new ScienceQaResult(scores.overall().correct(), predicted, outputs), parsedAnswers);
    }
}
