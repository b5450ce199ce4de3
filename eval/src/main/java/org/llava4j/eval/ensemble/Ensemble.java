package org.llava4j.eval.ensemble;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.llava4j.data.Html;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaColumn;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaScores;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/**
 * Our answers and a text-only model's, put together in the two ways of the paper: <em>complement</em> takes its answer, and
 * ours where none could be read of it; <em>judge</em> asks it again where the two differ, with both answers, and takes ours
 * where that could not be read either. The upper bound counts a problem that either got right.
 *
 * @param problems in their order
 * @param ours what our model said, by problem
 */
record Ensemble(List<ScienceQaProblem> problems, Map<String, String> ours, TextOnlyModel model) {

    private ParsedAnswer ours(ScienceQaProblem problem) {
        return TextOnlyModel.parse(TextOnlyModel.prediction(ours, problem), problem);
    }

    /** The first round: every problem alone. */
    List<LlmRequest> answerRequests() {
        return problems.stream().map(model::answerRequest).toList();
    }

    /** The second round, once the first is in the journal: problems on which the two differ. */
    List<LlmRequest> judgeRequests(RequestJournal journal) {
        List<LlmRequest> calls = new ArrayList<>();
        for (ScienceQaProblem problem : problems) {
            judgeRequest(problem, journal).ifPresent(calls::add);
        }
        return calls;
    }

    private Optional<LlmRequest> judgeRequest(ScienceQaProblem problem, RequestJournal journal) {
        Optional<String> theirs = TextOnlyModel.completeAnswer(journal, model.answerRequest(problem));
        if (theirs.isEmpty() || TextOnlyModel.parse(theirs, problem).equals(ours(problem))) {
            return Optional.empty();
        }
        return Optional.of(model.judgeRequest(
                problem, TextOnlyModel.prediction(ours, problem).orElse("no answer"), theirs.get()));
    }

    /** Which choice each way takes, by problem. */
    private Map<String, ParsedAnswer> combine(ScienceQaProblem problem, RequestJournal journal) {
        ParsedAnswer own = ours(problem);
        Optional<String> said = TextOnlyModel.completeAnswer(journal, model.answerRequest(problem));
        ParsedAnswer theirs = TextOnlyModel.parse(said, problem);
        ParsedAnswer judged = judgeRequest(problem, journal)
                .map(call -> TextOnlyModel.parse(TextOnlyModel.completeAnswer(journal, call), problem))
                .orElse(theirs);
        Map<String, ParsedAnswer> taken = new LinkedHashMap<>();
        taken.put("ours", own);
        taken.put("text-only model", theirs);
        taken.put("complement", TextOnlyModel.firstParsed(theirs, own));
        taken.put("judge", TextOnlyModel.firstParsed(judged, own));
        Predicted right = new Predicted(problem.answer());
        taken.put("upper bound", own.equals(right) || theirs.equals(right) ? right : own);
        return taken;
    }

    /** Everything, of what the journal has. */
    void addTo(Report.Builder report, RequestJournal journal) {
        Map<String, ScienceQaScores> scores = new LinkedHashMap<>();
        for (ScienceQaProblem problem : problems) {
            combine(problem, journal)
                    .forEach((way, extraction) -> scores.computeIfAbsent(
                                    way, any -> new ScienceQaScores(ScienceQaProblem::subject))
                            .add(problem, extraction));
        }
        scores.forEach((way, score) -> report.headlineMetric(way.replaceAll("[^a-z]", "_"), way, score.overall()));
        List<String> head = new ArrayList<>(List.of("Accuracy, %"));
        List<List<String>> rows = new ArrayList<>();
        for (ScienceQaColumn column : ScienceQaColumn.values()) {
            head.add(column.label());
        }
        scores.forEach((way, score) -> {
            List<String> row = new ArrayList<>(List.of(way));
            for (ScienceQaColumn column : ScienceQaColumn.values()) {
                row.add(Html.percent(score.columns().get(column).accuracy(), 2));
            }
            rows.add(row);
        });
        report.table(new ReportTable("The nine columns", head, rows, coverage(journal)));
    }

    /** How many calls there were, and of how many an answer could be read. */
    String coverage(RequestJournal journal) {
        List<LlmRequest> judgements = judgeRequests(journal);
        long said = problems.stream()
                .filter(problem -> TextOnlyModel.completeAnswer(journal, model.answerRequest(problem))
                        .isPresent())
                .count();
        long read = problems.stream()
                .filter(problem -> TextOnlyModel.parse(
                                TextOnlyModel.completeAnswer(journal, model.answerRequest(problem)), problem)
                        instanceof Predicted)
                .count();
        long judged = judgements.stream()
                .filter(call -> TextOnlyModel.completeAnswer(journal, call).isPresent())
                .count();
        long cut = Stream.concat(answerRequests().stream(), judgements.stream())
                .filter(call -> TextOnlyModel.isTruncated(journal, call))
                .count();
        String cutShort = cut == 0
                ? ""
                : Html.format(" %d answers were cut by the token limit or a content filter and are not used.", cut);
        return Html.format(
                        "Of %d problems the text-only model answered %d, and %d of its answers could be read. They differ from"
                                + " ours in %d, of which it judged %d.",
                        problems.size(), said, read, judgements.size(), judged)
                + cutShort;
    }
}
