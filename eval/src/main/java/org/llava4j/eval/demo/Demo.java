package org.llava4j.eval.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Inputs;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.text.LlamaTokenizer;
import org.llava4j.data.world.Kind;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.data.world.WorldWriter;
import org.llava4j.eval.predictions.ScienceQaGrading;
import org.llava4j.eval.report.LossCurve;
import org.llava4j.eval.scienceqa.OtherImages;
import org.llava4j.model.Llava;
import org.llava4j.model.LlavaModel;
import org.llava4j.model.config.GenerationConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.features.FeatureCache;
import org.llava4j.model.features.FeatureStore;
import org.llava4j.model.features.TowerFeatures;
import org.llava4j.model.generate.ScienceQaAnswers;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.FrozenType;
import org.llava4j.train.stage.RunOptions;
import org.llava4j.train.stage.RunPaths;
import org.llava4j.train.stage.RunReport;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.StageRunner;
import org.llava4j.train.stage.Stages;
import org.llava4j.train.watch.ProgressLine;

/**
 * LLaVA's recipe in small: a drawn world, stage 1 on its captions, stage 2 on its questions, and what each is worth.
 *
 * @param base the model to begin with: tower, decoder and tokenizer, no projector
 * @param plan what is drawn
 * @param pretrain stage 1
 * @param finetune stage 2
 */
record Demo(Path base, WorldPlan plan, Stage pretrain, Stage finetune) {
    private static final int AT_ONCE = 32;
    private static final int MAX_NEW_TOKENS = 8;

    Demo {
        if (plan.trainPerKind() < 1 || plan.testPerKind() < 2 || plan.captions() < 1) {
            throw new BadInputException("the demo needs captions, problems to learn from and two of each kind held out;"
                    + " give more of them");
        }
    }

    /** Runs all of it; {@code output} appears when the report is written. */
    DemoResult run(Path output) {
        try (AtomicFolder folder =
                AtomicFolder.begin(output, "demo", Inputs.of(base, LlavaConfig.visionTowerOf(base)))) {
            DemoResult result = new Run(folder.path()).run();
            folder.commit();
            return result;
        }
    }

    /** One run, in its folder. */
    private final class Run {
        private final Path folder;
        private final Path world;
        private final Path featureFolder;
        private final DemoResult.Clock clock = new DemoResult.Clock();
        private final List<LossCurve> curves = new ArrayList<>();
        private FeatureCache features;

        Run(Path folder) {
            this.folder = folder;
            world = folder.resolve("world");
            featureFolder = folder.resolve("features");
        }

        DemoResult run() {
            features = features();
            System.out.println("drawing " + Kind.values().length * plan.trainPerKind() + " problems and "
                    + plan.captions() + " captions");
            WorldWriter.write(plan, world);
            List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(world, "test");
            SeparateSplits.check(world);
            clock.done("drawing");

            Map<String, ScienceQaGrading> gradings = new LinkedHashMap<>();
            List<ScienceQaProblem> pictured =
                    problems.stream().filter(ScienceQaProblem::hasImage).toList();
            gradings.put(DemoResult.BEFORE, grade(pictured, ask(untrained(), pictured, this::imageOf)));
            clock.done("evaluation");

            Path stage1 = learn("stage 1", pretrain, base, captions());
            gradings.put(DemoResult.AFTER_STAGE_1, grade(pictured, ask(load(stage1), pictured, this::imageOf)));
            clock.done("evaluation");

            Path stage2 = learn("stage 2", finetune, stage1, world);
            LlavaModel trained = load(stage2);
            Map<String, String> texts = ask(trained, problems, this::imageOf);
            gradings.put(DemoResult.AFTER_BOTH, grade(problems, texts));
            Map<String, ScienceQaProblem> others =
                    OtherImages.of(pictured, problem -> Kind.of(problem).label(), plan.seed());
            gradings.put(
                    DemoResult.SHUFFLED,
                    grade(pictured, ask(trained, pictured, problem -> imageOf(others.get(problem.id())))));
            clock.done("evaluation");

            Stage alone = Stages.with(finetune, Map.of("freshProjector", true));
            Path without = learn("stage 2 without stage 1", alone, base, world);
            gradings.put(DemoResult.WITHOUT_STAGE_1, grade(pictured, ask(load(without), pictured, this::imageOf)));
            clock.done("evaluation");

            DemoResult result = new DemoResult(problems, gradings, texts, clock.timings());
            new DemoReport(Demo.this, result, curves, this::imageOf).write(folder);
            return result;
        }

        private FeatureCache features() {
            Path tower = LlavaConfig.visionTowerOf(base);
            LlavaConfig config = LlavaConfig.read(base, tower);
            TowerFeatures source = TowerFeatures.load(base, tower, config);
            return new FeatureCache(
                    source,
                    source.identity(config),
                    FeatureStore.openIfPossible(
                            featureFolder, RunOptions.DEFAULT.featureCacheBytes(), System.err::println),
                    RunOptions.DEFAULT.featureMemoryBytes(),
                    System.err::println);
        }

        private Path imageOf(ScienceQaProblem problem) {
            return ScienceQaRecordReader.image(world.resolve("images"), problem);
        }

        private Path captions() {
            return world.resolve("captions/chat.json");
        }

        private Path learn(String name, Stage stage, Path from, Path data) {
            Path output = folder.resolve(name.replace(' ', '-'));
            Path images = stage.dataFormat() == Stage.DataFormat.SCIENCEQA ? null : world.resolve("captions/images");
            RunPaths paths = RunPaths.of(from, data, images, output).withFeatureCache(featureFolder);
            RunReport report = StageRunner.run(stage, paths, RunOptions.DEFAULT, ProgressLine.onStdout());
            curves.add(new LossCurve(
                    name,
                    report.steps().stream()
                            .map(step -> new LossCurve.Point(step.step(), step.loss()))
                            .toList()));
            clock.done(name);
            return output;
        }

        /** The base with a projector of random weights. */
        private LlavaModel untrained() {
            Path tower = LlavaConfig.visionTowerOf(base);
            LlavaConfig config = LlavaConfig.read(base, tower);
            try (Checkpoint weights =
                    Checkpoint.llava(base, tower).withoutTower().withFreshProjector(pretrain.seed())) {
                Llava language = Llava.build(config, weights, Llava.ImageInput.FEATURES);
                return new LlavaModel(
                        config,
                        LlamaTokenizer.load(base),
                        finetune.chatFormat(),
                        features,
                        language,
                        GenerationConfig.eosIds(base));
            }
        }

        private LlavaModel load(Path model) {
            return LlavaModel.load(
                    model, LlavaConfig.visionTowerOf(model), finetune.chatFormat(), FrozenType.FP32, features);
        }

        private Map<String, String> ask(
                LlavaModel model, List<ScienceQaProblem> problems, Function<ScienceQaProblem, Path> image) {
            return new ScienceQaAnswers(finetune.answerFormat(), AT_ONCE, MAX_NEW_TOKENS).ask(model, problems, image);
        }

        private ScienceQaGrading grade(List<ScienceQaProblem> problems, Map<String, String> texts) {
            return ScienceQaGrading.of(
                    problems, texts, problem -> Kind.of(problem).label());
        }
    }
}
