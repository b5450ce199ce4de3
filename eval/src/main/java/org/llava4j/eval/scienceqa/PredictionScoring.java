package org.llava4j.eval.scienceqa;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.predictions.ScienceQaPredictions;
import org.llava4j.eval.report.ColumnRows;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;

/**
 * Scoring of existing predictions without a model. A result file has choices ({@code results}) and texts ({@code
 * outputs}). The score is that of the choices, as in the publication of the file; the texts are parsed and scored
 * separately. An answer file has texts only.
 *
 * @param data ScienceQA folder
 * @param source prediction file, or the output folder of an evaluation
 */
record PredictionScoring(Path data, String split, Path source) {
    private static final String KIND = "scienceqa-score";
    private static final String RESULTS = "results (choices in the file)";
    private static final String OUTPUTS = "outputs (texts, parsed by the published rule)";

    /**
     * Scores the predictions and writes the report.
     *
     * @param output output folder
     * @return a summary of one line
     * @throws org.llava4j.data.BadInputException if an input is malformed or has answers to unknown problems
     */
    String run(Path output) {
        InputPaths inputs = InputPaths.of(source, data);
        inputs.requireNoOverlap(output);
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(data, split);
        ScienceQaPredictions predictions = ScienceQaPredictions.read(source);
        ScienceQaGrading results = predictions.results().isEmpty()
                ? null
                : ScienceQaGrading.ofResults(problems, predictions, ScienceQaProblem::skill);
        ScienceQaGrading outputs = predictions.outputs().isEmpty()
                ? null
                : ScienceQaGrading.of(problems, predictions.outputs(), ScienceQaProblem::skill);
        LenientReading lenient = outputs == null ? null : new LenientReading(problems, outputs);
        long answered = predictions.texts().size();
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            report(problems, results, outputs, lenient, answered).write(folder.path());
            folder.commit();
        }
        List<String> parts = new ArrayList<>();
        if (results != null) {
            parts.add(sentence("results", results));
        }
        if (outputs != null) {
            parts.add(sentence("outputs", outputs) + (lenient == null ? "" : lenient.clause()));
        }
        return String.join("\n", parts)
                + Html.format("\n%d of %d problems answered; see ", answered, problems.size())
                + output.resolve("report.html");
    }

    private Report report(
            List<ScienceQaProblem> problems,
            @Nullable ScienceQaGrading results,
            @Nullable ScienceQaGrading outputs,
            @Nullable LenientReading lenient,
            long answered) {
        Report report = Report.titled("ScienceQA: " + source.getFileName())
                .setting("data sha256", Sha256.of(data.resolve("problems.json")))
                .setting("splits sha256", Sha256.of(data.resolve("pid_splits.json")))
                .setting("split", split)
                .setting("predictions sha256", Sha256.of(ScienceQaPredictions.file(source)))
                .setting("score from", results == null ? OUTPUTS : RESULTS);
        if (answered < problems.size()) {
            report.note(Html.format(
                    "%d of %d problems have no prediction; they count as unparsed.",
                    problems.size() - answered, problems.size()));
        }
        ScienceQaGrading score = results == null ? outputs : results;
        new ScienceQaTables(problems, Objects.requireNonNull(score))
                .addTo(report, problem -> existing(ScienceQaRecordReader.image(data.resolve("images"), problem)));
        if (results != null && outputs != null) {
            report.headlineMetric(
                            "accuracy_of_outputs",
                            "accuracy of " + OUTPUTS,
                            outputs.scores().overall())
                    .table(comparison(problems, results, outputs));
        }
        if (lenient != null) {
            report.table(lenient.table());
        }
        return report;
    }

    private static ReportTable comparison(
            List<ScienceQaProblem> problems, ScienceQaGrading results, ScienceQaGrading outputs) {
        List<String> head = ColumnRows.head("Accuracy, %");
        head.addAll(List.of("correct", "unparsed"));
        List<String> different = problems.stream()
                .filter(problem -> !results.parsedAnswer(problem).equals(outputs.parsedAnswer(problem)))
                .map(ScienceQaProblem::id)
                .toList();
        return new ReportTable(
                "Results and outputs",
                head,
                List.of(row(RESULTS, results), row(OUTPUTS, outputs)),
                different.isEmpty()
                        ? "Both have the same answers."
                        : Html.format(
                                "The two differ in %d problems, such as %s. Published scripts guess the choice of an"
                                        + " unparsed text at random.",
                                different.size(), different.get(0)));
    }

    private static List<String> row(String name, ScienceQaGrading grading) {
        List<String> row = ColumnRows.of(name, grading.scores().columns());
        row.add(String.valueOf(grading.scores().overall().correct()));
        row.add(String.valueOf(grading.scores().overall().unparsed()));
        return row;
    }

    private static String sentence(String name, ScienceQaGrading grading) {
        AnswerCounts counts = grading.scores().overall();
        return Html.format(
                "%s: accuracy %.4f (%d correct, %d incorrect, %d unparsed)",
                name, counts.accuracy(), counts.correct(), counts.incorrect(), counts.unparsed());
    }

    /** The file, or null: predictions can be scored without the images. */
    private static @Nullable Path existing(Path image) {
        return Files.isRegularFile(image) ? image : null;
    }
}
