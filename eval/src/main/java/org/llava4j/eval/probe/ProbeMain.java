package org.llava4j.eval.probe;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.Sha256;
import org.llava4j.data.cli.Command;
import org.llava4j.data.image.ImageRef;
import org.llava4j.eval.ModelSpec;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;
import org.llava4j.model.generate.GenerationRequest;
import org.llava4j.model.generate.PendingAnswer;

/** {@code exec:java@probe}: whether a model sees what belongs together, or a bag of patches. */
public final class ProbeMain extends Command {
    private static final String KIND = "probe";
    private static final int PAIRS_PER_BATCH = 8;
    private static final int MAX_NEW_TOKENS = 16;
    private static final String ANSWER_INSTRUCTION = " Answer with yes or no.";
    private static final int MAX_TABLE_ROWS = 20;

    private ProbeMain() {
        super("probe", "Asks pairs of questions about things that are in a picture together, and apart.");
    }

    public static void main(String[] args) {
        new ProbeMain().execute(args);
    }

    @Override
    protected Options options() {
        return ModelSpec.addFlags(new Options())
                .addOption(flag(
                        "pairs", "FILE", "{\"id\", \"image\", \"together\", \"apart\"} a line (default: drawn ones)"))
                .addOption(flag("image-folder", "DIR", "their pictures"))
                .addOption(flag("draw", "N", "how many pairs are drawn where none are given (default 100)"))
                .addOption(required("output-dir", "DIR", "where the report goes, and drawn pairs"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        if (line.hasOption("pairs") != line.hasOption("image-folder")) {
            throw new BadInputException("--pairs and --image-folder belong together; give both or none");
        }
        ModelSpec asked = ModelSpec.of(line);
        InputPaths inputs = asked.inputs().and(path(line, "pairs")).andWithoutLinks(path(line, "image-folder"));
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, inputs)) {
            run(line, asked, folder.path());
            folder.commit();
        }
        System.out.println("see " + output.resolve("report.html"));
    }

    private static void run(CommandLine line, ModelSpec asked, Path output) {
        if (!line.hasOption("pairs")) {
            SyntheticPairs.write(output, atLeast(1, line, "draw", 100), 1);
        }
        Path file = line.hasOption("pairs") ? path(line, "pairs") : output.resolve("pairs.jsonl");
        Path images = line.hasOption("pairs") ? path(line, "image-folder") : output.resolve("images");
        List<ProbePair> pairs = ProbePair.read(file);
        Report.Builder report = Report.titled("Bag of patches")
                .summary(
                        "Each pair asks about a thing that is in the picture and about one whose parts are in it, but not"
                                + " together. A model that only knows which parts it has seen says yes to both, and gets no pair.")
                .setting("pairs sha256", Sha256.of(file));
        asked.describe(report);
        long begun = System.nanoTime();
        try (LlavaModel model = asked.load()) {
            ProbeScore score = ProbeScore.ZERO;
            List<List<String>> rows = new ArrayList<>();
            for (int from = 0; from < pairs.size(); from += PAIRS_PER_BATCH) {
                List<ProbePair> some = pairs.subList(from, Math.min(pairs.size(), from + PAIRS_PER_BATCH));
                List<String> said = answers(model, some, images);
                for (int i = 0; i < some.size(); i++) {
                    score = score.plus(said.get(2 * i), said.get(2 * i + 1));
                    rows.add(List.of(
                            some.get(i).together(), said.get(2 * i), some.get(i).apart(), said.get(2 * i + 1)));
                }
            }
            report.headlineMetric("pairs", "pairs, right in both", score.pairs())
                    .headlineMetric("together", "what is there", score.present())
                    .headlineMetric("apart", "what is there in parts only", score.absent())
                    .table(new ReportTable(
                            "The first pairs",
                            List.of("there", "said", "not there", "said to that"),
                            rows.subList(0, Math.min(MAX_TABLE_ROWS, rows.size())),
                            "Yes is right to the first question, no to the second."));
            report.seconds((System.nanoTime() - begun) / 1e9).build().write(output);
            System.out.println(Html.format(
                    "%d of %d pairs right in both (%d not read)",
                    score.pairs().correct(),
                    score.pairs().total(),
                    score.pairs().unparsed()));
        }
    }

    private static List<String> answers(LlavaModel model, List<ProbePair> pairs, Path images) {
        List<PendingAnswer> asked = new ArrayList<>();
        for (ProbePair pair : pairs) {
            for (String question : List.of(pair.together(), pair.apart())) {
                ImageRef picture = ImageRef.of(images.resolve(pair.image()));
                asked.add(model.submit(
                        GenerationRequest.about(picture, question + ANSWER_INSTRUCTION)
                                .withSpecialTokensInText(true),
                        DecodingOptions.greedy(MAX_NEW_TOKENS),
                        text -> {}));
            }
        }
        return asked.stream().map(answering -> model.await(answering).text()).toList();
    }
}
