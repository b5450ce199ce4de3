package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.synthetic.ProblemType;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.scienceqa.ShuffledImages;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.run.RunPaths;
import org.llava4j.train.run.RunReport;
import org.llava4j.train.run.StageRunner;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.Stage;

/** One run of the demo in its output folder: the parts of {@link DemoPart} in order, then the report. */
final class DemoRun {
    private final Demo demo;
    private final Path folder;
    private final Path dataset;
    private final DemoProgress progress;
    private final DemoEvaluator evaluator;
    private final List<LossCurve> curves = new ArrayList<>();
    private final Map<DemoEvaluation, ScienceQaGrading> gradings = new EnumMap<>(DemoEvaluation.class);

    DemoRun(Demo demo, Path folder, DemoProgress progress) {
        this.demo = demo;
        this.folder = folder;
        this.progress = progress;
        dataset = folder.resolve("dataset");
        evaluator = new DemoEvaluator(demo, featureFolder(), progress);
    }

    DemoResult run() {
        List<ScienceQaProblem> problems = progress.run(DemoPart.WRITE_DATASET, this::writeDataset);
        List<ScienceQaProblem> withImage =
                problems.stream().filter(ScienceQaProblem::hasImage).toList();
        progress.run(DemoPart.CHECK_SPLITS, this::checkSplits);

        evaluate(DemoPart.EVALUATE_BEFORE, DemoEvaluation.BEFORE, evaluator::untrained, withImage, this::imageOf);

        Path stage1 = train(DemoPart.STAGE_1, demo.pretrain(), demo.base());
        Supplier<LlavaModel> aligned = () -> evaluator.load(stage1);
        evaluate(DemoPart.EVALUATE_STAGE_1, DemoEvaluation.AFTER_STAGE_1, aligned, withImage, this::imageOf);

        Path stage2 = train(DemoPart.STAGE_2, demo.finetune(), stage1);
        Supplier<LlavaModel> tuned = () -> evaluator.load(stage2);
        evaluate(DemoPart.EVALUATE_BOTH, DemoEvaluation.AFTER_BOTH, tuned, problems, this::imageOf);
        evaluate(DemoPart.EVALUATE_SHUFFLED, DemoEvaluation.SHUFFLED, tuned, withImage, shuffled(withImage));

        Path alone = train(DemoPart.STAGE_2_ALONE, demo.finetuneAlone(), demo.base());
        Supplier<LlavaModel> unaligned = () -> evaluator.load(alone);
        evaluate(DemoPart.EVALUATE_ALONE, DemoEvaluation.WITHOUT_STAGE_1, unaligned, withImage, this::imageOf);

        DemoResult result = new DemoResult(problems, gradings, progress.seconds());
        new DemoReport(demo, result, curves, progress.notices(), this::imageOf).write(folder);
        return result;
    }

    private List<ScienceQaProblem> writeDataset() {
        SyntheticDatasetWriter.write(demo.plan(), dataset);
        return ScienceQaRecordReader.problems(dataset, "test");
    }

    private Path checkSplits() {
        SplitOverlapCheck.check(dataset);
        return dataset;
    }

    private Path train(DemoPart part, Stage stage, Path from) {
        Path output = folder.resolve(part.label().replace(' ', '-'));
        boolean captions = stage.data().dataFormat() == DataFormat.CONVERSATIONS;
        RunPaths paths = RunPaths.of(
                        from,
                        captions ? dataset.resolve("captions/chat.json") : dataset,
                        captions ? dataset.resolve("captions/images") : null,
                        output)
                .withFeatureCache(featureFolder());
        RunReport report = progress.run(part, () -> StageRunner.run(stage, paths, RunOptions.DEFAULT, progress));
        List<LossCurve.Point> points = report.steps().stream()
                .map(step -> new LossCurve.Point(step.step(), step.loss()))
                .toList();
        curves.add(new LossCurve(part.label(), points));
        return output;
    }

    private void evaluate(
            DemoPart part,
            DemoEvaluation evaluation,
            Supplier<LlavaModel> model,
            List<ScienceQaProblem> problems,
            Function<ScienceQaProblem, Path> image) {
        gradings.put(evaluation, progress.run(part, () -> evaluator.evaluate(model.get(), problems, image)));
    }

    /** Maps each problem to the image of another problem of its category. */
    private Function<ScienceQaProblem, Path> shuffled(List<ScienceQaProblem> withImage) {
        Map<String, ScienceQaProblem> imageSources = ShuffledImages.of(
                withImage,
                problem -> ProblemType.of(problem).label(),
                demo.plan().seed());
        return problem -> imageOf(Objects.requireNonNull(imageSources.get(problem.id()), problem.id()));
    }

    private Path imageOf(ScienceQaProblem problem) {
        return ScienceQaRecordReader.image(dataset.resolve("images"), problem);
    }

    private Path featureFolder() {
        return folder.resolve("features");
    }
}
