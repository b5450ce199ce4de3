package org.llava4j.eval.probe;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ImageRef;
import org.llava4j.eval.EvaluationInputs;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.generate.DecodingOptions;

/** {@code exec:java@probe}: measures whether a model binds attributes to objects, or sees a bag of patches. */
public final class ProbeMain extends Command {
    private static final String KIND = "probe";
    private static final int PAIRS_PER_BATCH = 8;
    private static final int MAX_NEW_TOKENS = 16;
    private static final String ANSWER_INSTRUCTION = " Answer with yes or no.";
    private static final int MAX_TABLE_ROWS = 20;

    private ProbeMain() {
        super(
                "probe",
                "Asks yes-no questions about attribute combinations that are present in an image, and about absent ones.");
    }

    public static void main(String[] args) {
        new ProbeMain().execute(args);
    }

    @Override
    protected Options options() {
        return ModelSpec.addFlags(new Options())
                .addOption(flag(
                        "pairs",
                        "FILE",
                        "JSON lines {\"id\", \"image\", \"present\", \"absent\"} (default: synthetic pairs)"))
                .addOption(flag("image-folder", "DIR", "image folder of the pairs"))
                .addOption(alias(
                        flag("num-pairs", "N", "number of synthetic pairs, without --pairs (default 100)"), "draw"))
                .addOption(required("output-dir", "DIR", "output folder of the report and the synthetic pairs"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        if (line.hasOption("pairs") != line.hasOption("image-folder")) {
            throw new BadInputException("--pairs and --image-folder belong together; give both or neither");
        }
        ModelSpec spec = ModelSpec.of(line);
        InputPaths inputs =
                spec.inputs().and(optionalPath(line, "pairs")).andWithoutLinks(optionalPath(line, "image-folder"));
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            run(line, spec, folder.path());
            folder.commit();
        }
        System.out.println("see " + output.resolve("report.html"));
    }

    private static void run(CommandLine line, ModelSpec spec, Path output) {
        if (!line.hasOption("pairs")) {
            SyntheticPairs.write(output, atLeast(1, line, "num-pairs", 100), 1);
        }
        Path file = line.hasOption("pairs") ? path(line, "pairs") : output.resolve("pairs.jsonl");
        Path images = line.hasOption("pairs") ? path(line, "image-folder") : output.resolve("images");
        List<ProbePair> pairs = ProbePair.read(file);
        Report report = Report.titled("Bag of patches")
                .summary(
                        "Each pair has one question about an attribute combination that is present in the image, and one"
                                + " about a combination whose parts are present but not together. A model that sees a bag of patches says yes"
                                + " to both questions and gets no pair correct.")
                .setting("pairs sha256", Sha256.of(file));
        EvaluationInputs evaluated = inputs(file, pairs, images).and(spec.files());
        evaluated.describe(report);
        spec.describe(report);
        long startNanos = System.nanoTime();
        try (LlavaModel model = spec.load()) {
            ProbeScore score = ProbeScore.ZERO;
            List<List<String>> rows = new ArrayList<>();
            for (int from = 0; from < pairs.size(); from += PAIRS_PER_BATCH) {
                List<ProbePair> batch = pairs.subList(from, Math.min(pairs.size(), from + PAIRS_PER_BATCH));
                List<String> answers = answers(model, batch, images);
                for (int i = 0; i < batch.size(); i++) {
                    score = score.plus(answers.get(2 * i), answers.get(2 * i + 1));
                    rows.add(List.of(
                            batch.get(i).present(),
                            answers.get(2 * i),
                            batch.get(i).absent(),
                            answers.get(2 * i + 1)));
                }
            }
            report.headlineMetric("pairs", "pairs, both questions correct", score.pairs())
                    .headlineMetric("present", "present combinations", score.present())
                    .headlineMetric("absent", "absent combinations", score.absent())
                    .table(new ReportTable(
                            "The first pairs",
                            List.of("present", "answer", "absent", "answer"),
                            rows.subList(0, Math.min(MAX_TABLE_ROWS, rows.size())),
                            "The correct answers are yes to the first question and no to the second."));
            evaluated.requireUnchanged();
            report.seconds((System.nanoTime() - startNanos) / 1e9).write(output);
            System.out.println(Html.format(
                    "%d of %d pairs correct (%d unparsed)",
                    score.pairs().correct(),
                    score.pairs().total(),
                    score.pairs().unparsed()));
        }
    }

    private static EvaluationInputs inputs(Path file, List<ProbePair> pairs, Path folder) {
        Map<String, Path> images = new LinkedHashMap<>();
        pairs.forEach(pair -> images.put(pair.image(), folder.resolve(pair.image())));
        return new EvaluationInputs(List.of(file), images);
    }

    private static List<String> answers(LlavaModel model, List<ProbePair> pairs, Path images) {
        List<PendingAnswer> pendingAnswers = new ArrayList<>();
        for (ProbePair pair : pairs) {
            for (String question : List.of(pair.present(), pair.absent())) {
                ImageRef image = ImageRef.of(images.resolve(pair.image()));
                pendingAnswers.add(model.submit(
                        GenerationRequest.about(image, question + ANSWER_INSTRUCTION)
                                .withSpecialTokensInText(true),
                        DecodingOptions.greedy(MAX_NEW_TOKENS),
                        text -> {}));
            }
        }
        return pendingAnswers.stream()
                .map(pending -> model.await(pending).text())
                .toList();
    }
}
