package org.llava4j.eval.llavabench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.eval.llavabench.PublishedReviews.Review;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/**
 * Scoring of existing reviews without a judge. Each file, and each repeat in it, counts as one repeat of the judgement.
 *
 * @param files review files
 */
record ReviewScoring(List<Path> files) {

    /**
     * Scores the reviews and writes the report.
     *
     * @param kind kind of the output folder
     * @return a summary: the scores by category
     * @throws BadInputException if a file is malformed, or no review has scores
     */
    String run(Path output, String kind) {
        InputPaths inputs = InputPaths.of(files.toArray(Path[]::new));
        inputs.requireNoOverlap(output);
        Map<String, RelativeScores> runs = new LinkedHashMap<>();
        List<List<String>> unparsed = new ArrayList<>();
        Report report = Report.titled("LLaVA-Bench, from reviews");
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            report.setting("reviews " + (i + 1) + " sha256", Sha256.of(file));
            List<List<Review>> repeats = PublishedReviews.read(file);
            for (int repeat = 1; repeat <= repeats.size(); repeat++) {
                String name = file.getFileName() + (repeats.size() == 1 ? "" : ", repeat " + repeat);
                RelativeScores scores = new RelativeScores();
                for (Review review : repeats.get(repeat - 1)) {
                    scores.add(review.category(), review.scores());
                    if (review.scores() == null) {
                        unparsed.add(List.of(name, review.name(), review.problem()));
                    }
                }
                runs.put(runs.containsKey(name) ? name + " (" + (i + 1) + ")" : name, scores);
            }
        }
        List<RelativeScores> all = List.copyOf(runs.values());
        if (Double.isNaN(
                RelativeScores.MeanAndDeviation.of(all, RelativeScores.ALL).mean())) {
            throw new BadInputException("none of the reviews has scores; check " + files.get(0));
        }
        try (AtomicFolder folder = AtomicFolder.begin(output, kind, inputs)) {
            report.table(JudgeTables.scores(all)).table(JudgeTables.byRun(runs));
            if (!unparsed.isEmpty()) {
                report.table(new ReportTable(
                        "Unparsed reviews", List.of("file", "review", "reason"), unparsed, "They have no score."));
            }
            report.table(PaperResults.COCO).table(PaperResults.IN_THE_WILD).write(folder.path());
            folder.commit();
        }
        return summary(all) + "\nsee " + output.resolve("report.html");
    }

    private static String summary(List<RelativeScores> runs) {
        List<String> lines = new ArrayList<>();
        for (String category : RelativeScores.categories(runs)) {
            RelativeScores.MeanAndDeviation spread = RelativeScores.MeanAndDeviation.of(runs, category);
            StringBuilder line = new StringBuilder(category + ": relative score");
            for (RelativeScores run : runs) {
                line.append(' ').append(JudgeTables.number(run.totals(category).relative()));
            }
            lines.add(line
                    + (runs.size() == 1
                            ? ""
                            : "; mean " + JudgeTables.number(spread.mean()) + ", deviation "
                                    + JudgeTables.number(spread.deviation())));
        }
        return String.join("\n", lines);
    }
}
