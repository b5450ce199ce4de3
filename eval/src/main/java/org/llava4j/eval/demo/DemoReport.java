package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.ProblemType;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Example;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.report.Report;
import org.llava4j.eval.report.ReportImage;
import org.llava4j.train.stage.RecipeTable;

/** The report of a demo run, in the order of the paper: the ablation of stage 1 first. */
record DemoReport(
        Demo demo,
        DemoResult result,
        List<LossCurve> curves,
        List<String> notices,
        Function<ScienceQaProblem, Path> imageOf) {
    private static final int MAX_EXAMPLES = 6;

    void write(Path folder) {
        AblationTable ablation = new AblationTable(result);
        ChanceTable chance = new ChanceTable(result);
        Report report = Report.titled("LLaVA4J demo: what stage 1 contributes")
                .summary(
                        "Stage 1 trains the projector alone, on captions, while vision tower and decoder stay frozen: it"
                                + " maps image features to the decoder's token embeddings. Stage 2 trains projector and decoder"
                                + " on questions with their answers. The ablation leaves stage 1 out, so that stage 2 starts"
                                + " with a projector of random weights. Both models answer the same "
                                + result.withImage().size() + " held-out problems, which need their image.")
                .setting("seed", demo.plan().seed())
                .setting("train problems per category", demo.plan().trainPerType())
                .setting("held-out problems per category", demo.plan().testPerType())
                .setting("captions", demo.plan().captions())
                .setting("decoding", "greedy")
                .recipe(DemoPart.STAGE_1.label(), RecipeTable.of(demo.pretrain()))
                .recipe(DemoPart.STAGE_2.label(), RecipeTable.of(demo.finetune()))
                .recipe(DemoPart.STAGE_2_ALONE.label(), RecipeTable.of(demo.finetuneAlone()))
                .lead(ablation.table(), ablation.withStage1(), ablation.withoutStage1())
                .chance(result.chance())
                .categories(result.categories(DemoEvaluation.AFTER_BOTH))
                .table(ablation.categoryTable())
                .table(chance.table())
                .data("mcnemar", ablation.test())
                .data("categories", ablation.categories())
                .data("with_guesses", chance.withGuesses())
                .columns(
                        result.grading(DemoEvaluation.AFTER_BOTH).scores().columns(),
                        "This run's are " + result.problems().size() + " synthetic problems, text-only ones among them:"
                                + " a far easier set, whose accuracies are not comparable with the paper's.")
                .note("No held-out problem is in the training data: images are compared by the SHA-256 of their pixels,"
                        + " text-only problems by their wording, captions by the questions in them.");
        for (DemoEvaluation evaluation : ChanceTable.EVALUATIONS) {
            report.headlineMetric(evaluation.key(), evaluation.label(), result.counts(evaluation));
        }
        notices.forEach(report::note);
        result.seconds().forEach((part, seconds) -> report.timing(part.label(), seconds));
        examples().forEach(report::example);
        curves.forEach(report::curve);
        report.seconds(result.totalSeconds()).write(folder);
    }

    /**
     * The first problem of each category that only the model with stage 1 answers correctly; the first problem with an
     * image if there is none.
     */
    private List<Example> examples() {
        ScienceQaGrading with = result.grading(DemoEvaluation.AFTER_BOTH);
        ScienceQaGrading without = result.grading(DemoEvaluation.WITHOUT_STAGE_1);
        Map<ProblemType, ScienceQaProblem> chosen = new EnumMap<>(ProblemType.class);
        for (ScienceQaProblem problem : result.withImage()) {
            if (with.isCorrect(problem) && !without.isCorrect(problem)) {
                chosen.putIfAbsent(ProblemType.of(problem), problem);
            }
        }
        List<ScienceQaProblem> shown =
                new ArrayList<>(chosen.isEmpty() ? result.withImage().subList(0, 1) : chosen.values());
        return shown.stream()
                .limit(MAX_EXAMPLES)
                .map(problem -> example(problem, with, without))
                .toList();
    }

    private Example example(ScienceQaProblem problem, ScienceQaGrading with, ScienceQaGrading without) {
        return new Example(
                problem,
                with.text(problem),
                with.parsedAnswer(problem),
                ReportImage.read(imageOf.apply(problem)),
                "The model without stage 1 answers " + answer(problem, without)
                        + ". After stage 1 the answer is \""
                        + result.grading(DemoEvaluation.AFTER_STAGE_1).text(problem) + "\" (up to "
                        + DemoEvaluator.MAX_NEW_TOKENS + " tokens).");
    }

    private static String answer(ScienceQaProblem problem, ScienceQaGrading grading) {
        return grading.parsedAnswer(problem) instanceof Predicted predicted
                ? ScienceQaPrompt.letter(predicted.choice()) + " ("
                        + problem.choices().get(predicted.choice()) + ")"
                : "\"" + grading.text(problem) + "\", which is unparsed";
    }
}
