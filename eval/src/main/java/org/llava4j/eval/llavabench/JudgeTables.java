package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Html;
import org.llava4j.eval.report.ReportTable;

/** Tables of the report on the judge's reviews. */
final class JudgeTables {
    private JudgeTables() {}

    /** Relative scores by category, averaged over all repeats. */
    static ReportTable scores(List<RelativeScores> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (String category : RelativeScores.categories(runs)) {
            RelativeScores.MeanAndDeviation spread = RelativeScores.MeanAndDeviation.of(runs, category);
            int reviews = 0;
            int requested = 0;
            double candidate = 0;
            double reference = 0;
            for (RelativeScores run : runs) {
                RelativeScores.ScoreTotals sums = run.totals(category);
                reviews += sums.reviews();
                requested += sums.requested();
                candidate += sums.candidate();
                reference += sums.reference();
            }
            rows.add(List.of(
                    category,
                    number(spread.mean()),
                    number(spread.deviation()),
                    number(candidate / reviews),
                    number(reference / reviews),
                    reviews + " of " + requested));
        }
        return new ReportTable(
                "Relative scores",
                List.of("", "score", "deviation", "candidate", "reference", "parsed reviews"),
                rows,
                "Score: 100 times the candidate's mean score divided by the reference's. Unparsed and missing reviews are"
                        + " excluded; the last column counts the others. Deviation: over the repeats.");
    }

    /** Unparsed reviews, each with the reason. */
    static ReportTable unparsed(List<JudgedReview> unparsed) {
        return new ReportTable(
                "Unparsed reviews",
                List.of("question", "order", "repeat", "reason"),
                unparsed.stream()
                        .map(judged -> List.of(
                                judged.request().question().id().text(),
                                judged.request().swapped() ? "swapped" : "reference first",
                                String.valueOf(judged.repeat()),
                                judged.review().problem()))
                        .toList(),
                "Their texts are in reviews.jsonl.");
    }

    /** Relative scores of each repeat by its name, and their mean. */
    static ReportTable byRun(Map<String, RelativeScores> runs) {
        List<RelativeScores> all = List.copyOf(runs.values());
        List<String> head = new ArrayList<>(List.of(""));
        head.addAll(RelativeScores.categories(all));
        List<List<String>> rows = new ArrayList<>();
        runs.forEach((name, scores) -> {
            List<String> row = new ArrayList<>(List.of(name));
            RelativeScores.categories(all)
                    .forEach(category -> row.add(number(scores.totals(category).relative())));
            rows.add(row);
        });
        return new ReportTable("Relative scores by file", head, rows, "");
    }

    /** One decimal, or a dash for NaN. */
    static String number(double value) {
        return Double.isNaN(value) ? "-" : Html.format("%.1f", value);
    }
}
