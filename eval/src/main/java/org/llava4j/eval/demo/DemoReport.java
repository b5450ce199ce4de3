package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.world.Kind;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.Example;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.report.Picture;
import org.llava4j.eval.report.Report;

/** The demo's result as {@code report.html} and {@code report.json}. */
record DemoReport(Demo demo, DemoResult result, List<LossCurve> curves, Function<ScienceQaProblem, Path> imageOf) {
    private static final List<Kind> SHOWN = List.of(Kind.SOLUTION, Kind.MAP, Kind.THERMOMETER);

    void write(Path folder) {
        ScienceQaGrading trained = result.gradings().get(DemoResult.AFTER_BOTH);
        int asked = result.pictured().size();
        Report.Builder report = Report.titled("LLaVA4J demo: two stages on a drawn world")
                .summary("A tower that had seen pictures with labels and a decoder that had read text were joined by a"
                        + " projector (stage 1, captions) and taught to answer questions (stage 2). The accuracies are"
                        + " of " + asked + " held-out problems that need their picture.")
                .setting("seed", demo.plan().seed())
                .setting("problems to learn from, of each kind", demo.plan().trainPerKind())
                .setting("captions", demo.plan().captions())
                .setting("stage 1", demo.pretrain())
                .setting("stage 2", demo.finetune())
                .setting("decoding", "greedy")
                .headline(DemoResult.AFTER_BOTH, "after both stages", result.tally(DemoResult.AFTER_BOTH))
                .headline(DemoResult.BEFORE, "before training", result.tally(DemoResult.BEFORE))
                .headline(DemoResult.AFTER_STAGE_1, "after stage 1", result.tally(DemoResult.AFTER_STAGE_1))
                .headline(
                        DemoResult.SHUFFLED,
                        "after both, shown the picture of another problem of the kind",
                        result.tally(DemoResult.SHUFFLED))
                .headline(
                        DemoResult.WITHOUT_STAGE_1, "stage 2 without stage 1", result.tally(DemoResult.WITHOUT_STAGE_1))
                .chance(result.chance())
                .kinds(result.kinds(DemoResult.AFTER_BOTH))
                .columns(
                        trained.scores().columns(),
                        "This run's are " + result.problems().size() + " drawn problems, text-only ones among them: a"
                                + " far easier set, shown beside the paper's for its form only.")
                .note("No held-out picture is among those learned from: their pixels were compared by SHA-256.");
        curves.forEach(report::curve);
        for (int i = 0; i < SHOWN.size(); i++) {
            report.example(example(SHOWN.get(i), i, trained));
        }
        result.timings().forEach(report::timing);
        report.seconds(result.seconds()).build().write(folder);
    }

    /** A problem whether it was answered rightly or not; answers go round, so another turn has another right one. */
    private Example example(Kind kind, int turn, ScienceQaGrading trained) {
        List<ScienceQaProblem> ofKind = result.pictured().stream()
                .filter(candidate -> Kind.of(candidate) == kind)
                .toList();
        ScienceQaProblem problem = ofKind.get(turn % ofKind.size());
        return new Example(
                problem,
                result.texts().get(problem.id()),
                trained.extractions().get(problem.id()),
                Optional.of(Picture.read(imageOf.apply(problem))));
    }
}
