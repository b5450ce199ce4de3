package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.report.Report;

/** {@code exec:java@scienceqa}: a model folder's answers to ScienceQA, graded, with a report. */
public final class ScienceQaMain extends EvaluationCommand {
    private static final String KIND = "scienceqa";
    private static final List<String> FILES = Stream.concat(ScienceQaEvaluation.FILES.stream(), Report.FILES.stream())
            .toList();

    /** @param place where problems are asked */
    public ScienceQaMain(InferenceBackend place) {
        super("scienceqa", "Asks ScienceQA's problems of a model and writes predictions, result and report.", place);
    }

    public static void main(String[] args) {
        new ScienceQaMain(InferenceBackend.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return super.options()
                .addOption(required("data-path", "DIR", "ScienceQA's folder: problems.json, pid_splits.json, images/"))
                .addOption(required(
                        "output-dir", "DIR", "where predictions and report go; an interrupted run goes on there"))
                .addOption(flag("split", "NAME", "which split (default test)"))
                .addOption(flag(
                        "prompt-format",
                        "NAME",
                        "what the model was taught to answer: LEPA (reasons, then the answer in a second pass), LEA"
                                + " (default), EA, A, ALE or LETTER"))
                .addOption(
                        flag("show", "WHAT", "all (default), no-image, other-image (another problem's) or no-context"))
                .addOption(flag("shots", "N", "solved problems ahead of each question (default 0)"))
                .addOption(flag("batch-size", "N", "problems answered at once (default 16)"))
                .addOption(flag("max-problems", "N", "only the first N of the split"));
    }

    private static ScienceQaEvaluation evaluation(CommandLine line) {
        return new ScienceQaEvaluation(
                path(line, "data-path"),
                line.getOptionValue("split", "test"),
                ScienceQaPrompt.named(line.getOptionValue("prompt-format", "LEA")),
                InputAblation.named(line.getOptionValue("show", "all")),
                atLeast(0, line, "shots", 0),
                atLeast(1, line, "batch-size", 16),
                DecodingFlags.of(line),
                atLeast(1, line, "max-problems", Integer.MAX_VALUE));
    }

    @Override
    public BatchPredictor predictor(CommandLine line) {
        return evaluation(line).predictor();
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        ScienceQaEvaluation run = evaluation(line);
        ModelSpec asked = ModelSpec.of(line);
        List<ScienceQaProblem> problems = run.problems();
        long begun = System.nanoTime();
        String modelId = String.valueOf(asked.folder().getFileName());
        Report.Builder report = Report.titled("ScienceQA: " + modelId);
        asked.describe(report);
        run.describe(report);
        InputPaths inputs = asked.inputs().and(path(line, "data-path")).andIfJsonFile(line.getOptionValue("conv-mode"));
        try (OutputFolder folder = OutputFolder.open(output, KIND, inputs, FILES);
                InferenceBackend.Session place = openBackend(line)) {
            ScienceQaGrading grading = run.run(
                    place, modelId, folder, report.build().configuration().sha256());
            LossCurve.of(asked.folder()).ifPresent(report::curve);
            new ScienceQaTables(problems, grading).addTo(report, run::imageOf);
            double seconds = (System.nanoTime() - begun) / 1e9;
            folder.write(report.seconds(seconds).build()::write);
            ScienceQaEvaluation.deleteJournal(folder.path());
            System.out.printf(
                    Locale.ROOT,
                    "%d problems, accuracy %.4f (%d failed), %.0f s; see %s%n",
                    problems.size(),
                    grading.scores().overall().accuracy(),
                    grading.scores().overall().unparsed(),
                    seconds,
                    output.resolve("report.html"));
        }
    }
}
