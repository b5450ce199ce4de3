package org.llava4j.eval.scienceqa;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.cli.RecordProcessor;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.DecodingFlags;
import org.llava4j.eval.EvaluationCommand;
import org.llava4j.eval.EvaluationInputs;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.QuestionBatches;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.report.Report;

/** {@code exec:java@scienceqa}: evaluates a model on ScienceQA and writes predictions, result and report. */
public final class ScienceQaMain extends EvaluationCommand {
    private static final String KIND = "scienceqa";
    private static final String PREDICTIONS = "predictions";
    /** Flags that have a meaning without a model. */
    private static final Set<String> SCORING_FLAGS = Set.of(PREDICTIONS, "data-path", "split", "output-dir");

    private static final List<String> FILES = Stream.concat(ScienceQaEvaluation.FILES.stream(), Report.FILES.stream())
            .toList();

    /** @param executor generates the answers */
    public ScienceQaMain(RecordExecutor executor) {
        super("scienceqa", "Evaluates a model on ScienceQA and writes predictions, result and report.", executor);
    }

    public static void main(String[] args) {
        new ScienceQaMain(RecordExecutor.LOCAL).execute(args);
    }

    @Override
    protected Options options() {
        return super.options()
                .addOption(required("data-path", "DIR", "ScienceQA folder: problems.json, pid_splits.json, images/"))
                .addOption(required(
                        "output-dir",
                        "DIR",
                        "output folder of predictions and report; an interrupted run resumes here"))
                .addOption(flag("split", "NAME", "evaluated split (default test)"))
                .addOption(flag(
                        PREDICTIONS,
                        "FILE",
                        "score these predictions, without a model: an answer or result file of LLaVA, a result file of"
                                + " the ScienceQA repository, or an output folder of scienceqa"))
                .addOption(flag(
                        "prompt-format",
                        "NAME",
                        "answer format that the model is trained on: LEPA (reasoning, then the answer in a second pass),"
                                + " LEA (default), EA, A, ALE or LETTER"))
                .addOption(alias(
                        flag(
                                "input-ablation",
                                "NAME",
                                "part of the input to remove or exchange: none (default), no-image, shuffled-images (each"
                                        + " image replaced by another problem's) or no-context"),
                        "show"))
                .addOption(flag("shots", "N", "number of few-shot examples in each prompt (default 0)"))
                .addOption(flag("batch-size", "N", "batch size (default 16)"))
                .addOption(flag("max-problems", "N", "evaluate only the first N problems of the split"));
    }

    private static ScienceQaEvaluation evaluation(CommandLine line) {
        return new ScienceQaEvaluation(
                path(line, "data-path"),
                line.getOptionValue("split", "test"),
                ScienceQaPrompt.named(line.getOptionValue("prompt-format", "LEA")),
                InputAblation.named(line.getOptionValue("input-ablation", "none")),
                atLeast(0, line, "shots", 0),
                atLeast(1, line, "batch-size", 16),
                DecodingFlags.of(line),
                atLeast(1, line, "max-problems", Integer.MAX_VALUE));
    }

    @Override
    public QuestionBatches open(CommandLine line) {
        ScienceQaEvaluation evaluation = evaluation(line);
        Fingerprint questions = evaluation.questions();
        return new QuestionBatches(
                ModelSpec.of(line),
                questions,
                evaluation.problems().size(),
                evaluation.batchSize(),
                evaluation.batchImages(),
                evaluation.predictor());
    }

    @Override
    protected void run(CommandLine line) {
        if (line.hasOption(PREDICTIONS)) {
            score(line);
        } else {
            evaluate(line);
        }
    }

    private static void score(CommandLine line) {
        for (Option option : line.getOptions()) {
            if (!SCORING_FLAGS.contains(option.getLongOpt())) {
                throw new BadInputException("--" + option.getLongOpt() + " has no effect with --" + PREDICTIONS
                        + ", which needs no model; leave one of the two out");
            }
        }
        PredictionScoring scoring = new PredictionScoring(
                path(line, "data-path"), line.getOptionValue("split", "test"), path(line, PREDICTIONS));
        System.out.println(scoring.run(path(line, "output-dir")));
    }

    private void evaluate(CommandLine line) {
        Path output = path(line, "output-dir");
        ScienceQaEvaluation evaluation = evaluation(line);
        ModelSpec spec = ModelSpec.of(line);
        List<ScienceQaProblem> problems = evaluation.problems();
        long startNanos = System.nanoTime();
        String modelId = spec.source().name();
        Report report = Report.titled("ScienceQA: " + modelId);
        spec.describe(report);
        EvaluationInputs evaluated = evaluation.inputs().and(spec.files());
        evaluation.describe(report, evaluated);
        InputPaths inputs = spec.inputs().and(path(line, "data-path")).andIfJsonFile(line.getOptionValue("conv-mode"));
        try (OutputFolder folder = OutputFolder.open(output, KIND, inputs, FILES);
                RecordProcessor<Map<String, String>> batches = openAndPrepare(line)) {
            ScienceQaGrading grading =
                    evaluation.run(executor(line, batches), modelId, folder, report.configuration(), evaluated);
            LossCurve curve = LossCurve.of(spec.source().trainedFolder());
            if (curve != null) {
                report.curve(curve);
            }
            new ScienceQaTables(problems, grading).addTo(report, evaluation::imageOf);
            LenientReading lenient = new LenientReading(problems, grading);
            report.table(lenient.table());
            double seconds = (System.nanoTime() - startNanos) / 1e9;
            folder.write(report.seconds(seconds)::write);
            ScienceQaEvaluation.deleteJournal(folder.path());
            System.out.printf(
                    Locale.ROOT,
                    "%d problems, accuracy %.4f (%d unparsed%s), %.0f s; see %s%n",
                    problems.size(),
                    grading.scores().overall().accuracy(),
                    grading.scores().overall().unparsed(),
                    lenient.clause(),
                    seconds,
                    output.resolve("report.html"));
        }
    }
}
