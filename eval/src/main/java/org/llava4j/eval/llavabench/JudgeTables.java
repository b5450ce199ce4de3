package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.Html;
import org.llava4j.eval.report.TextTable;

/** Tables of the judge's report. */
final class JudgeTables {
    private JudgeTables() {}

    /** Relative scores by category, over all repeats. */
    static TextTable scores(List<Scores> runs) {
        List<List<String>> rows = new ArrayList<>();
        for (String category : runs.get(0).byCategory().keySet()) {
            Scores.Spread spread = Scores.Spread.of(runs, category);
            int reviews = 0;
            int asked = 0;
            double candidate = 0;
            double reference = 0;
            for (Scores run : runs) {
                Scores.Sums sums = run.byCategory().get(category);
                reviews += sums.reviews();
                asked += sums.asked();
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
        return new TextTable(
                "Relative scores",
                List.of("", "score", "deviation", "candidate", "reference", "reviews read"),
                rows,
                "100 times the candidate's mean over the reference's. A review that could not be read, or did not come, is"
                        + " in neither: it is missing from the last column. The deviation is that of repeated runs.");
    }

    /** Reviews without scores, each with the reason. */
    static TextTable unparsed(List<JudgedPair> unparsed) {
        return new TextTable(
                "Reviews without scores",
                List.of("question", "order", "repeat", "reason"),
                unparsed.stream()
                        .map(judged -> List.of(
                                judged.pair().question().id().text(),
                                judged.pair().swapped() ? "swapped" : "reference first",
                                String.valueOf(judged.repeat()),
                                judged.review().problem()))
                        .toList(),
                "The texts are in reviews.jsonl.");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : Html.format("%.1f", value);
    }
}
