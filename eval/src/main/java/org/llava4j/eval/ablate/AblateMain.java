package org.llava4j.eval.ablate;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.cli.Command;
import org.llava4j.data.Html;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.Sha256;
import org.llava4j.data.scienceqa.AnswerCounts;
import org.llava4j.eval.ablate.AblationPlan.Variant;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportTable;
import org.llava4j.model.folder.ModelManifest;
import org.llava4j.train.logging.ProgressLine;
import org.llava4j.train.stage.RecipeTable;

/** {@code exec:java@ablate}: trains and evaluates the variants of a training recipe and tabulates their accuracies. */
public final class AblateMain extends Command {
    private static final String KIND = "ablation";
    private static final ReportTable PAPER = new ReportTable(
            "Ablations of the paper (ScienceQA, 13B)",
            List.of("", "accuracy, %", "points"),
            List.of(
                    List.of("layer before the last", "90.92", ""),
                    List.of("last layer", "89.96", "-0.96"),
                    List.of("answer first", "89.77", "-1.15"),
                    List.of("no stage 1", "85.81", "-5.11"),
                    List.of("7B", "89.84", "-1.08")),
            "Table 8 (Liu et al. 2023).");

    private AblateMain() {
        super(
                "ablate",
                "Trains and evaluates the variants of a recipe that a plan file lists, and tabulates their accuracies.");
    }

    public static void main(String[] args) {
        new AblateMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("config", "FILE", "ablation plan, see resources/tiny/ablation.json"))
                .addOption(flag("max-new-tokens", "N", "maximum number of generated tokens (default 512)"))
                .addOption(required(
                        "output-dir",
                        "DIR",
                        "output folder of models, answers and report; an interrupted run resumes here"));
    }

    @Override
    protected void run(CommandLine line) {
        AblationPlan plan = AblationPlan.read(path(line, "config"));
        Path output = path(line, "output-dir");
        int maxNewTokens = atLeast(1, line, "max-new-tokens", 512);
        InputPaths inputs = plan.inputs().and(path(line, "config"));
        try (OutputFolder folder = OutputFolder.open(output, KIND, inputs, Report.FILES)) {
            Ablation ablation = new Ablation(plan, folder.path(), maxNewTokens, ProgressLine.onStdout());
            ablation.requireWritableOutputs();
            folder.write(report(line, plan, ablation, maxNewTokens)::write);
            ablation.deleteJournals();
        }
        System.out.println("see " + output.resolve("report.html"));
    }

    private static Report report(CommandLine line, AblationPlan plan, Ablation ablation, int maxNewTokens) {
        long startNanos = System.nanoTime();
        Map<Variant, AnswerCounts> results = new LinkedHashMap<>();
        for (Variant variant : plan.variants()) {
            AnswerCounts counts = ablation.run(variant);
            results.put(variant, counts);
            System.out.println(Html.format("%s: %s %%", variant.name(), Html.percent(counts.accuracy(), 2)));
        }
        Report report = Report.titled("Ablations");
        ablation.evaluated().describe(report);
        report.setting("plan sha256", Sha256.of(path(line, "config")))
                .setting("base sha256", ModelManifest.hash(Path.of(plan.base())))
                .setting("captions sha256", Sha256.of(Path.of(plan.captions())))
                .setting("data sha256", Sha256.of(Path.of(plan.data()).resolve("problems.json")))
                .setting("max new tokens", maxNewTokens)
                .setting("LLaVA4J", ModelManifest.version())
                .recipe("stage 1", RecipeTable.of(Ablation.stage(plan.stage1(), List.of())))
                .recipe("stage 2", RecipeTable.of(Ablation.stage(plan.stage2(), List.of())))
                .table(table(results))
                .table(changes(plan))
                .table(PAPER);
        results.forEach((variant, counts) ->
                report.headlineMetric("v_" + variant.folder().replace('-', '_'), variant.name(), counts));
        return report.seconds((System.nanoTime() - startNanos) / 1e9);
    }

    private static ReportTable changes(AblationPlan plan) {
        List<List<String>> rows = plan.variants().stream()
                .map(variant -> List.of(
                        variant.name(),
                        variant.withoutStage1() ? "not trained" : String.join("\n", variant.stage1()),
                        String.join("\n", variant.stage2()),
                        variant.config().entrySet().stream()
                                .map(entry -> entry.getKey() + "=" + entry.getValue())
                                .sorted()
                                .collect(Collectors.joining("\n"))))
                .toList();
        return new ReportTable(
                "Changes of the variants",
                List.of("", "stage 1", "stage 2", "config.json"),
                rows,
                "All other values are those of the training recipe.");
    }

    private static ReportTable table(Map<Variant, AnswerCounts> results) {
        double first = results.values().iterator().next().accuracy();
        List<List<String>> rows = new ArrayList<>();
        results.forEach((variant, counts) -> rows.add(List.of(
                variant.name(),
                Html.percent(counts.accuracy(), 2),
                rows.isEmpty() ? "" : Html.format("%+.2f", 100 * (counts.accuracy() - first)),
                counts.correct() + " of " + counts.total())));
        return new ReportTable(
                "Variants",
                List.of("", "accuracy, %", "points", "correct"),
                rows,
                "Points are relative to the first row. Confidence intervals are above. Each variant has one seed, so small"
                        + " differences are not significant.");
    }
}
