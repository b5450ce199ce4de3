package org.llava4j.eval.ensemble;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.Html;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.eval.report.ColumnRows;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/**
 * Ensemble of LLaVA's answers with those of a text-only model, by the two methods of the paper. <em>Complement</em>
 * takes the text-only model's answer, or LLaVA's where that answer is unparsed. <em>Judge</em> sends both answers to
 * the text-only model again where they differ, and takes LLaVA's where the judgement is unparsed. The upper bound
 * counts a problem as correct if either model is correct.
 *
 * @param problems in the order of the split
 * @param llavaTexts generated texts of the LLaVA model, by problem id
 */
record Ensemble(List<ScienceQaProblem> problems, Map<String, String> llavaTexts, TextOnlyModel model) {

    private ParsedAnswer llavaAnswer(ScienceQaProblem problem) {
        return TextOnlyModel.parse(llavaTexts.get(problem.id()), problem);
    }

    /** Requests of the first round: one per problem. */
    List<LlmRequest> answerRequests() {
        return problems.stream().map(model::answerRequest).toList();
    }

    /**
     * Requests of the second round: the problems on which the two answers differ. The journal holds the first round.
     */
    List<LlmRequest> judgeRequests(RequestJournal journal) {
        List<LlmRequest> requests = new ArrayList<>();
        for (ScienceQaProblem problem : problems) {
            LlmRequest request = judgeRequest(problem, journal);
            if (request != null) {
                requests.add(request);
            }
        }
        return requests;
    }

    /** Request to judge a problem; null if the text-only model has no answer, or the two answers are equal. */
    private @Nullable LlmRequest judgeRequest(ScienceQaProblem problem, RequestJournal journal) {
        String textOnly = TextOnlyModel.completeAnswer(journal, model.answerRequest(problem));
        if (textOnly == null || TextOnlyModel.parse(textOnly, problem).equals(llavaAnswer(problem))) {
            return null;
        }
        return model.judgeRequest(problem, llavaTexts.getOrDefault(problem.id(), "no answer"), textOnly);
    }

    /** Answer of each ensemble method for one problem. */
    private Map<String, ParsedAnswer> combine(ScienceQaProblem problem, RequestJournal journal) {
        ParsedAnswer llava = llavaAnswer(problem);
        String answered = TextOnlyModel.completeAnswer(journal, model.answerRequest(problem));
        ParsedAnswer textOnly = TextOnlyModel.parse(answered, problem);
        LlmRequest judgement = judgeRequest(problem, journal);
        ParsedAnswer judged = judgement == null
                ? textOnly
                : TextOnlyModel.parse(TextOnlyModel.completeAnswer(journal, judgement), problem);
        Map<String, ParsedAnswer> combined = new LinkedHashMap<>();
        combined.put("ours", llava);
        combined.put("text-only model", textOnly);
        combined.put("complement", TextOnlyModel.firstParsed(textOnly, llava));
        combined.put("judge", TextOnlyModel.firstParsed(judged, llava));
        Predicted correct = new Predicted(problem.answer());
        combined.put("upper bound", llava.equals(correct) || textOnly.equals(correct) ? correct : llava);
        return combined;
    }

    /** Adds the accuracies of all methods to a report; the journal holds both rounds. */
    void addTo(Report report, RequestJournal journal) {
        Map<String, ScienceQaScores> scores = new LinkedHashMap<>();
        for (ScienceQaProblem problem : problems) {
            combine(problem, journal)
                    .forEach((method, parsedAnswer) -> scores.computeIfAbsent(
                                    method, any -> new ScienceQaScores(ScienceQaProblem::subject))
                            .add(problem, parsedAnswer));
        }
        scores.forEach(
                (method, score) -> report.headlineMetric(method.replaceAll("[^a-z]", "_"), method, score.overall()));
        List<List<String>> rows = new ArrayList<>();
        scores.forEach((method, score) -> rows.add(ColumnRows.of(method, score.columns())));
        report.table(new ReportTable("ScienceQA categories", ColumnRows.head("Accuracy, %"), rows, coverage(journal)));
    }

    /** A sentence with the number of requests, answers and parsed answers. */
    String coverage(RequestJournal journal) {
        List<LlmRequest> judgements = judgeRequests(journal);
        long answered = problems.stream()
                .filter(problem -> TextOnlyModel.completeAnswer(journal, model.answerRequest(problem)) != null)
                .count();
        long parsed = problems.stream()
                .filter(problem -> TextOnlyModel.parse(
                                TextOnlyModel.completeAnswer(journal, model.answerRequest(problem)), problem)
                        instanceof Predicted)
                .count();
        long judged = judgements.stream()
                .filter(request -> TextOnlyModel.completeAnswer(journal, request) != null)
                .count();
        long truncated = Stream.concat(answerRequests().stream(), judgements.stream())
                .filter(request -> TextOnlyModel.isTruncated(journal, request))
                .count();
        String truncatedNote = truncated == 0
                ? ""
                : Html.format(
                        " %d answers were truncated by the token limit or a content filter and are discarded.",
                        truncated);
        return Html.format(
                        "The text-only model answered %d of %d problems; %d of its answers could be parsed. They differ from"
                                + " LLaVA's in %d, of which it judged %d.",
                        answered, problems.size(), parsed, judgements.size(), judged)
                + truncatedNote;
    }
}
