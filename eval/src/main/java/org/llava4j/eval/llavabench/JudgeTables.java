package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.Html;
import org.llava4j.eval.report.ReportTable;

/** Tables of the judge's report. */
final class JudgeTables {
    private JudgeTables() {}

    /** Relative scores by category, over all repeats. */
    static ReportTable scores(List<RelativeScores> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (String category : runs.get(0).byCategory().keySet()) {
            RelativeScores.MeanAndDeviation spread = RelativeScores.MeanAndDeviation.of(runs, category);
            int reviews = 0;
            int asked = 0;
            double candidate = 0;
            double reference = 0;
            for (RelativeScores run : runs) {
                RelativeScores.ScoreTotals sums = run.byCategory().get(category);
                reviews += sums.reviews();
                asked += sums.requested();
                candidate += sums.candidate();
                reference += sums.reference();
            }
            rows.add(List.of(
                    category,
                    number(spread.mean()),
                    number(spread.deviation()),
                    number(candidate / reviews),
                    number(reference / reviews),
                    reviews + " of " + asked));
        }
        return new ReportTable(
                "Relative scores",
                List.of("", "score", "deviation", "candidate", "reference", "reviews read"),
                rows,
                "100 times the candidate's mean over the reference's. A review that could not be read, or did not come, is"
                        + " in neither: it is missing from the last column. The deviation is that of repeated runs.");
    }

    /** Reviews without scores, each with the reason. */
    static ReportTable unparsed(List<JudgedReview> unparsed) {
        return new ReportTable(
                "Reviews without scores",
                List.of("question", "order", "repeat", "reason"),
                unparsed.stream()
                        .map(judged -> List.of(
                                judged.request().question().id().text(),
                                judged.request().swapped() ? "swapped" : "reference first",
                                String.valueOf(judged.repeat()),
                                judged.review().problem()))
                        .toList(),
                "The texts are in reviews.jsonl.");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : Html.format("%.1f", value);
    }
}
